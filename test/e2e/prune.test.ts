import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isCaissonError } from 'caisson'
import { emptyStore, openEngine } from './snapshot-engine.js'

const caisson = new URL(import.meta.resolve('caisson')).href

/** Has a container with writes on disk and a fork of a snapshot that is deleted; answers `look` lines until its stdin ends. */
const program = (directory: string): string => `
  import { createEngine } from ${JSON.stringify(caisson)}
  const engine = await createEngine({ from: 'busybox:',
    stateDir: ${JSON.stringify(join(directory, 'state'))}, dataDir: ${JSON.stringify(join(directory, 'data'))} })
  const parent = await engine.create({ writable: { on: 'disk' } })
  await parent.sh('echo mine > /mine')
  await parent.stop()
  const fork = await parent.fork()
  await fork.sh('echo too > /too')
  const copy = await fork.snapshot({ live: 'as-is' })
  const child = await engine.create({ from: copy })
  await copy.delete()
  console.log('ready')
  for await (const line of process.stdin)
    for (const container of [fork, child])
      console.log((await container.sh('cat /mine /too; rm -rf /etc; ls -d /etc')).stdout.replaceAll('\\n', ' '))
  await engine[Symbol.asyncDispose]()
`

describe('prune', function () {
  this.timeout(60_000)
  let scratch = ''
  const children: ChildProcess[] = []

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-prune-'))
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await emptyStore(scratch)
    rmSync(scratch, { recursive: true, force: true })
  })

  it('makes no store where there is none, and counts nothing', async () => {
    await using engine = await openEngine(join(scratch, 'none'))
    const none = { blobs: 0, layers: 0, snapshots: 0, unfinished: 0, bytes: 0 }
    expect(await engine.prune()).to.deep.equal({ containers: 0, bytes: 0, store: none })
    const usage = await engine.diskUsage()
    expect(usage.containers).to.deep.equal({ count: 0, bytes: 0 })
    expect(usage.store?.bytes).to.equal(0)
    expect(usage.store?.freeBytes).to.be.greaterThan(0)
  })

  it('touches nothing that another process uses, and takes it when that was killed', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(scratch)], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    const lines = child.stdout.setEncoding('utf8')
    expect((await once(lines, 'data'))[0]).to.equal('ready\n')
    await using engine = await openEngine(scratch)
    const before = await engine.diskUsage()
    expect(before.store?.writes.count).to.equal(1)
    const { store } = await engine.prune()
    expect(store).to.deep.include({ snapshots: 0, layers: 0, blobs: 0 })
    child.stdin.write('look\n')
    let said = ''
    while (said.split('\n').length < 3) said += String((await once(lines, 'data'))[0])
    expect(said).to.equal('mine too \nmine too \n')
    const dead = once(child, 'exit')
    child.kill('SIGKILL')
    await dead
    // its launcher goes by itself, and holds its places until it has
    let removed = 0
    let bytes = 0
    for (let tries = 0; removed < 3 && tries < 200; tries++) {
      const pruned = await engine.prune()
      removed += pruned.store?.snapshots ?? 0
      bytes += pruned.bytes
    }
    expect(removed).to.equal(3)
    expect(bytes).to.be.greaterThan(0)
    const after = await engine.diskUsage()
    expect(after.store).to.deep.include({
      snapshots: { count: 0, bytes: after.store?.snapshots.bytes },
      writes: { count: 0, bytes: 0 },
    })
    expect(after.bytes).to.be.lessThan(before.bytes)
  })

  it('refuses what is no duration', async () => {
    await using engine = await openEngine(scratch)
    const options: object = { olderThan: 'soon' }
    const error = await engine.prune(options).then(String, (thrown: unknown) => thrown)
    expect(isCaissonError(error) && error.code).to.equal('ERR_INVALID_SPEC')
  })
})

describe('detached containers', function () {
  this.timeout(60_000)

  it('say why nothing of them can be kept, nor written to the store', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'caisson-prune-'))
    {
      await using engine = await openEngine(scratch)
      const writable = { on: 'disk' } as const
      const refused = await engine
        .create({ detached: true, writable })
        .then(String, (thrown: unknown) => thrown)
      if (!isCaissonError(refused)) throw new Error(String(refused))
      expect(refused).to.deep.include({ code: 'ERR_UNSUPPORTED', field: 'writable.on' })
      const container = await engine.create({ detached: true })
      try {
        const attempts = [
          container.snapshot(),
          container.fork(),
          container.commit('x'),
          container.reset(),
        ]
        for (const attempt of await Promise.allSettled(attempts)) {
          const error: unknown = attempt.status === 'rejected' ? attempt.reason : undefined
          if (!isCaissonError(error)) throw new Error('it was not refused')
          expect(error.code).to.equal('ERR_UNSUPPORTED')
          expect(error.message).to.match(/outlives this process/)
        }
      } finally {
        await container.remove()
      }
    }
    rmSync(scratch, { recursive: true, force: true })
  })
})
