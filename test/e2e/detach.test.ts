import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processStartTime } from '@caisson/core'
import { type DetachedContainer, createEngine } from 'caisson'
import { expect } from 'chai'
import { ClientProcess } from './client-process.js'
import { waitUntil } from './wait-until.js'

const makeAndDie = `
  const container = await engine.create({ detached: true, labels: { job: 'one' }, name: 'it' })
  say(container.id)`

async function outputOf(container: DetachedContainer, from = 0, follow = false): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { data } of container.logs({ from, follow })) chunks.push(data)
  return Buffer.concat(chunks).toString()
}

function ownerOf(stateDir: string, id: string): number {
  const record: unknown = JSON.parse(
    readFileSync(join(stateDir, 'containers', id, 'record.json'), 'utf8'),
  )
  // what our own engine wrote
  return (record as { holder: { owner: { pid: number } } }).holder.owner.pid
}

// Not as a zombie: an orphan's end is pid 1's to take note of, and some never do.
const runs = (pid: number): boolean => processStartTime(pid) !== undefined

async function codeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return 'no error'
}

describe('a detached container', function () {
  this.timeout(120_000)
  let stateDir: string
  let engine: Awaited<ReturnType<typeof createEngine>>
  let mounts: string

  beforeEach(async () => {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-detach-'))
    engine = await createEngine({ stateDir })
  })

  afterEach(async () => {
    const owners: number[] = []
    for (const { id } of await engine.list()) {
      owners.push(ownerOf(stateDir, id))
      const container = await engine.get(id)
      await container.remove()
    }
    await engine[Symbol.asyncDispose]()
    await waitUntil('the launchers are gone', () => owners.every((pid) => !runs(pid)))
    for (const room of readdirSync(stateDir))
      expect(readdirSync(join(stateDir, room)), room).to.deep.equal([])
    rmSync(stateDir, { recursive: true })
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mounts)
  })

  async function makeElsewhere(body = ''): Promise<string> {
    await using client = new ClientProcess(stateDir, `${makeAndDie}\n${body}\nsay('done')`)
    const id = await client.text()
    expect(await client.heard()).to.equal('done')
    await client.kill()
    return id
  }

  it('outlives the process that made it, killed, and is found by another', async () => {
    const id = await makeElsewhere()
    const [info, ...more] = await engine.list({ labels: { job: 'one' } })
    expect(more).to.deep.equal([])
    expect(info).to.include({ id, name: 'it', from: 'host:' })
    expect(await engine.list({ labels: { job: 'two' } })).to.deep.equal([])
    const container = await engine.get(id)
    expect(container.labels).to.deep.equal({ job: 'one' })
    expect(container.pid).to.equal(info?.pid)
    expect(await container.exec('echo', ['hello'])).to.include({ stdout: 'hello\n', exitCode: 0 })
    const limits = await container.exec('cat', ['/proc/self/limits'])
    expect(limits.stdout).to.match(/Max processes +512 /)
  })

  it('keeps what was written, and its changes', async () => {
    const id = await makeElsewhere(`await container.sh('echo kept > /tmp/file')`)
    const container = await engine.get(id)
    expect(await container.exec('cat', ['/tmp/file'])).to.include({ stdout: 'kept\n' })
    const paths: string[] = []
    for await (const { path } of container.changes()) paths.push(path)
    expect(paths).to.include('/tmp/file')
  })

  it('tells the result of a command that ended while nobody watched', async () => {
    const id = await makeElsewhere(
      `container.sh('mkfifo /tmp/go; read x < /tmp/go; echo out; echo err >&2; exit 7')
       await container.sh('until test -p /tmp/go; do sleep 0.01; done')`,
    )
    const logs = join(stateDir, 'containers', id, 'logs')
    // another client lets it end, and is gone before
    await using client = new ClientProcess(
      stateDir,
      `const container = await engine.get('${id}')
       container.sh('sleep 0.2; echo > /tmp/go')
       say(await container.exec('true').then(() => 'sent'))`,
    )
    expect(await client.heard()).to.equal('sent')
    await client.kill()
    await waitUntil('it ended', () => readdirSync(logs).some((f) => f === '2.end'))
    const container = await engine.get(id)
    const result = await container.wait()
    expect(result).to.include({ exitCode: 7, reason: 'exit', stdout: 'out\n', stderr: 'err\n' })
    // it stays for whoever asks next
    await container.detach()
    expect(await container.wait()).to.include({ exitCode: 7, stdout: 'out\n' })
  })

  it('gives its log from an offset, and follows it, while another process is connected', async () => {
    await using client = new ClientProcess(
      stateDir,
      `${makeAndDie}
       const run = container.sh('mkfifo /tmp/go; echo one; read x < /tmp/go; echo two; echo three')
       await container.sh('until test -p /tmp/go; do sleep 0.01; done')
       say('waiting')
       await container.sh('echo > /tmp/go')
       say(await run)
       setInterval(() => {}, 1000)`,
    )
    const container = await engine.get(await client.text())
    const followed = outputOf(container, 2, true)
    expect(await client.heard()).to.equal('waiting')
    expect(await client.heard()).to.include({ stdout: 'one\ntwo\nthree\n' })
    expect(await followed).to.equal('e\ntwo\nthree\n')
    expect(await outputOf(container, 8)).to.equal('three\n')
  })

  it('serves a second process when the first lets go', async () => {
    await using client = new ClientProcess(
      stateDir,
      `${makeAndDie}
       await container.exec('true')
       say('connected')
       process.once('SIGUSR2', async () => { await container.detach(); say('let go') })
       say(process.pid)
       setInterval(() => {}, 1000)`,
    )
    const container = await engine.get(await client.text())
    await client.heard()
    const pid = Number(await client.heard())
    const order: string[] = []
    const second = container.exec('true').then(() => order.push('second'))
    process.kill(pid, 'SIGUSR2')
    expect(await client.heard()).to.equal('let go')
    await second
    expect(order).to.deep.equal(['second'])
  })

  it('goes on with a command whose output a dead process took live', async () => {
    const id = await makeElsewhere(
      `const run = container.sh('for i in $(seq 20000); do echo a line that fills pipes; done; echo > /tmp/done')
       for await (const line of run.lines()) break`,
    )
    const container = await engine.get(id)
    // a pipe that nobody read would hold it for ever, and one without a reader would kill it
    expect(await container.wait()).to.include({ exitCode: 0 })
    expect(await container.exec('cat', ['/tmp/done'])).to.include({ exitCode: 0 })
  })

  it('is let go of, not removed, by the end of its engine and by `await using`', async () => {
    const container = await engine.create({ detached: true })
    await container[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
    engine = await createEngine({ stateDir })
    const again = await engine.get(container.id)
    expect(await again.exec('true')).to.include({ exitCode: 0 })
  })

  it('rejects what is under way when it is let go of, and does not keep Node alive', async () => {
    await using client = new ClientProcess(
      stateDir,
      `${makeAndDie}
       const run = container.exec('sleep', ['1000'])
       await container.exec('true')
       await container.detach()
       say(await run.catch((error) => error.code))`,
    )
    const id = await client.text()
    expect(await client.heard()).to.equal('ERR_DETACHED')
    expect(await client.exit()).to.equal(0)
    const container = await engine.get(id)
    await container.stop()
    expect(await container.wait()).to.include({ signal: 'SIGKILL', reason: 'signal' })
  })

  it('is refused to one-shots, by name', async () => {
    const options: object = { detached: true }
    expect(await codeOf(engine.run(['true'], options))).to.equal('ERR_INVALID_SPEC')
  })

  it('dies with its launcher, says so, and is pruned', async () => {
    const id = await makeElsewhere()
    const container = await engine.get(id)
    const waiting = codeOf(container.wait())
    await container.exec('true')
    const running = codeOf(container.exec('sleep', ['1000']))
    await container.exec('true')
    process.kill(ownerOf(stateDir, id), 'SIGKILL')
    expect(await running).to.equal('ERR_LAUNCHER_GONE')
    await waiting
    await waitUntil('pid 1 is dead', () => !runs(container.pid))
    expect(await codeOf(engine.get(id))).to.equal('ERR_CONTAINER_GONE')
    expect(await engine.list()).to.deep.equal([])
    const pruned = await engine.prune()
    expect(pruned.containers).to.equal(1)
    expect(pruned.bytes).to.be.greaterThan(0)
    expect(await engine.prune()).to.deep.include({ containers: 0, bytes: 0 })
    expect(await codeOf(engine.get(id))).to.equal('ERR_CONTAINER_NOT_FOUND')
  })

  it('is not half made when its process is killed meanwhile', async () => {
    // the directory is there, and so is one that must stay
    await engine.create({ detached: true })
    for (let round = 0; round < 8; round++) {
      await using client = new ClientProcess(
        stateDir,
        `say('go')
         engine.create({ detached: true }).then(() => say('made'))
         setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${round * 15})`,
      )
      await client.heard()
      await client.exit()
    }
    await engine.prune()
    // each is whole or not there
    const directories = readdirSync(join(stateDir, 'containers'))
    const listed = await engine.list()
    expect(directories.toSorted()).to.deep.equal(listed.map(({ id }) => id).toSorted())
    for (const { id } of listed) {
      const container = await engine.get(id)
      expect(await container.exec('true')).to.include({ exitCode: 0 })
    }
  })

  it('is swept by eight processes at once, each once', async () => {
    const ids: string[] = []
    for (let i = 0; i < 6; i++) ids.push(await makeElsewhere())
    const survivor = ids.pop() ?? ''
    const owners = ids.map((id) => ownerOf(stateDir, id))
    for (const pid of owners) process.kill(pid, 'SIGKILL')
    await waitUntil('they died', () => owners.every((pid) => !runs(pid)))
    const clients = Array.from(
      { length: 8 },
      () => new ClientProcess(stateDir, 'say((await engine.prune()).bytes >= 0)'),
    )
    for (const client of clients) expect(await client.heard()).to.equal(true)
    for (const client of clients) expect(await client.exit()).to.equal(0)
    expect(readdirSync(join(stateDir, 'containers'))).to.deep.equal([survivor])
  })
})
