import { readFileSync } from 'node:fs'
import { processStartTime } from '@caisson/core'
import { createEngine } from 'caisson'
import { expect } from 'chai'
import { waitUntil } from './wait-until.js'

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number)
}

const runs = (pid: number): boolean => processStartTime(pid) !== undefined

/** The only lasting child of this process. */
function launcherOf(): number {
  const launchers = childrenOf(process.pid).filter(
    (pid) => runs(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('caisson\0'),
  )
  expect(launchers).to.have.length(1)
  return launchers[0] ?? -1
}

async function codeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return 'no error'
}

async function killLauncher(): Promise<void> {
  const pid = launcherOf()
  const held = childrenOf(pid)
  process.kill(pid, 'SIGKILL')
  await waitUntil('its containers are dead', () => [pid, ...held].every((p) => !runs(p)))
}

describe('when the launcher is killed by SIGKILL', function () {
  this.timeout(30_000)
  let engine: Awaited<ReturnType<typeof createEngine>>

  beforeEach(async () => {
    engine = await createEngine()
    await engine.run(['true'])
  })

  afterEach(async () => {
    // it goes on with a new one, whatever happened
    expect(await engine.run(['echo', 'on'])).to.include({ stdout: 'on\n' })
    await engine[Symbol.asyncDispose]()
  })

  it('while it is idle, the next call works or may be tried again', async () => {
    await killLauncher()
    // a call before Node has heard of the end goes to the dead one
    const next = await engine.run(['echo', 'next']).catch((error: unknown) => error)
    if (next instanceof Error)
      expect(next).to.include({ code: 'ERR_LAUNCHER_GONE', retryable: true })
    else expect(next).to.include({ stdout: 'next\n' })
    expect(await engine.run(['echo', 'next'])).to.include({ stdout: 'next\n' })
  })

  it('while one-shots run, captured and streamed, they say so', async () => {
    const captured = engine.run(['sleep', '1000'])
    const streamed = engine.run(['sh', '-c', 'echo ready; sleep 1000'])
    for await (const line of streamed.lines()) {
      expect(line).to.equal('ready')
      break
    }
    await killLauncher()
    expect(await codeOf(captured)).to.equal('ERR_LAUNCHER_GONE')
    expect(await codeOf(streamed)).to.equal('ERR_LAUNCHER_GONE')
  })

  it('while a container stands, it is gone, and says so to whatever comes', async () => {
    const container = await engine.create()
    const running = container.exec('sleep', ['1000'])
    await running.pid
    const { pid } = container
    await killLauncher()
    expect(runs(pid)).to.equal(false)
    expect(await codeOf(running)).to.equal('ERR_LAUNCHER_GONE')
    expect(container.state).to.equal('stopped')
    expect(await codeOf(container.exec('true'))).to.equal('ERR_CONTAINER_GONE')
    await container.stop()
    await container.remove()
    expect(container.state).to.equal('removed')
  })

  it('while containers are made, each call settles', async () => {
    for (let round = 0; round < 5; round++) {
      const making = Array.from({ length: 6 }, () => engine.create())
      const settled = Promise.allSettled(making)
      // somewhere between the first frame and the last answer
      await new Promise((resolve) => setTimeout(resolve, round))
      process.kill(launcherOf(), 'SIGKILL')
      for (const outcome of await settled) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).to.have.property('code', 'ERR_LAUNCHER_GONE')
          continue
        }
        const { pid } = outcome.value
        await waitUntil('it is dead', () => !runs(pid))
        await outcome.value.remove()
      }
      expect(await engine.run(['true'])).to.include({ exitCode: 0 })
    }
  })
})
