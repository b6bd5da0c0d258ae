import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { createEngine as createCoreEngine, isCaissonError } from '@caisson/core'
import { testLimiter } from '@caisson/driver-testkit'
import { hostRootfs, pivotRoot } from 'caisson'
import { groupsLeft, probeFreezer, testFreezer } from './freezer-limiter.js'
import { expectNothingLeft, takeStock } from './leftovers.js'
import { waitUntil } from './wait-until.js'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => 'no error',
    (reason: unknown) => reason,
  )
  return isCaissonError(error) ? error.code : error
}

/** CPU time that its processes have used, as the host sees it. */
function ticks(pid: number): number {
  const pids = [pid]
  let sum = 0
  for (const next of pids) {
    const stat = read(`/proc/${next}/stat`).split(') ')[1]?.split(' ') ?? []
    sum += Number(stat[11] ?? 0) + Number(stat[12] ?? 0)
    pids.push(
      ...read(`/proc/${next}/task/${next}/children`).trim().split(' ').filter(Boolean).map(Number),
    )
  }
  return sum
}

// Counts as fast as it can into a file that can be read from outside it.
const counting =
  'n=0; while :; do n=$((n+1)); echo $n > /tmp/count; [ $n = 1 ] && echo counting; done'

const makeEngine = () =>
  createCoreEngine({
    rootfs: hostRootfs(),
    isolation: pivotRoot(),
    limiters: [testFreezer()],
  })

describe('pause and resume', function () {
  this.timeout(30_000)
  let engine: Awaited<ReturnType<typeof makeEngine>>

  before(async function () {
    const { missing } = probeFreezer()
    if (missing.length > 0) {
      console.log(`      skipped: needs ${missing.map(({ what }) => what).join('; ')}`)
      this.skip()
    }
    engine = await makeEngine()
  })

  after(async () => {
    await engine?.[Symbol.asyncDispose]()
    if (engine !== undefined) expect(groupsLeft()).to.deep.equal([])
  })

  /** A container in which something counts, in a process that was started by one that has ended. */
  async function countingContainer() {
    const container = await engine.create()
    const exec = container.sh(`(setsid sh -c '${counting}' &) | head -n 1; ${counting}`)
    await container.waitFor({ log: 'counting', of: exec })
    return { container, exec }
  }

  it('stops every process of a container, and lets them go on', async () => {
    const { container, exec } = await countingContainer()
    await container.pause()
    expect(container.state).to.equal('paused')
    const used = ticks(container.pid)
    // other containers do not stand still meanwhile
    await engine.run(['sh', '-c', 'n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done'])
    expect(ticks(container.pid)).to.equal(used)
    await container.resume()
    expect(container.state).to.equal('running')
    await waitUntil('it counts on', () => ticks(container.pid) > used)
    await exec.kill()
    await container.remove()
  })

  it('refuses commands while it is paused, by code', async () => {
    const { container } = await countingContainer()
    await container.pause()
    expect(await codeOf(Promise.resolve(container.exec('true')))).to.equal('ERR_CONTAINER_STATE')
    expect(await codeOf(container.pause())).to.equal('ERR_CONTAINER_STATE')
    await container.resume()
    expect(await codeOf(container.resume())).to.equal('ERR_CONTAINER_STATE')
    expect((await container.exec('true')).ok).to.equal(true)
    await container.remove()
  })

  it('can be stopped and removed while it is paused', async () => {
    const stock = takeStock()
    for (const end of ['stop', 'remove'] as const) {
      const { container, exec } = await countingContainer()
      await container.pause()
      await container[end]()
      expect((await exec).reason).to.equal('killed')
      await container.remove()
    }
    await expectNothingLeft(stock)
    expect(groupsLeft()).to.deep.equal([])
  })

  it('ends a command whose time is up while it is paused', async () => {
    const container = await engine.create()
    const exec = container.sh(`echo ready; ${counting}`, { timeout: 3000 })
    await container.waitFor({ log: 'ready', of: exec })
    await container.pause()
    expect((await exec).reason).to.equal('wall-time')
    expect(container.state).to.equal('running')
    expect((await container.exec('true')).ok).to.equal(true)
    await container.remove()
  })

  it('keeps other signals until it is resumed', async () => {
    const container = await engine.create()
    const exec = container.sh("trap 'echo caught; exit 7' TERM; echo ready; while :; do :; done")
    await container.waitFor({ log: 'ready', of: exec })
    await container.pause()
    await exec.kill('SIGTERM')
    expect(container.state).to.equal('paused')
    await container.resume()
    const { exitCode, stdout } = await exec
    expect([exitCode, stdout]).to.deep.equal([7, 'ready\ncaught\n'])
    await container.remove()
  })

  it('bears being stopped while it is being paused, again and again', async () => {
    for (let round = 0; round < 20; round++) {
      const { container } = await countingContainer()
      const paused = codeOf(container.pause())
      if (round % 2 === 0) await Promise.resolve()
      await container.remove()
      expect(await paused).to.be.oneOf(['no error', 'ERR_CONTAINER_STATE'])
    }
    expect(groupsLeft()).to.deep.equal([])
  })
})

describe('the freezer of these tests', () => {
  // the skips of a suite are failures in CI, where it has to work
  if (probeFreezer().ok)
    testLimiter({ describe, it, before, after }, { driver: testFreezer, isolation: pivotRoot })
})
