import { spawnSync } from 'node:child_process'
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  lutimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits, type WatchEvent } from 'caisson'
import { outcome, Place } from './file-fixtures.js'
import { takeStock } from './leftovers.js'
import { waitUntil } from './wait-until.js'
import { checkout } from '../architecture/checkout.js'

type AnyContainer = Awaited<ReturnType<PresetEngine<DefaultLimits>['create']>>

describe('container.fs', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>
  let container: AnyContainer

  before(async () => {
    engine = await createEngine()
    container = await engine.create()
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
  })

  const sh = async (script: string): Promise<string> => (await container.sh(script)).unwrap().stdout

  it('writes text, bytes and streams, and appends', async () => {
    const { fs } = container
    await fs.writeFile('/tmp/data', Buffer.from([0, 255, 10]))
    await fs.writeFile(
      '/tmp/data',
      (async function* () {
        yield 'more'
        yield Buffer.alloc(600_000, 'x')
      })(),
      { flag: 'a' },
    )
    const read = Buffer.from(await fs.readFile('/tmp/data'))
    expect(read.length).to.equal(600_007)
    expect(read.subarray(0, 8)).to.deep.equal(Buffer.from([0, 255, 10, ...Buffer.from('morex')]))
    expect(await buffer(fs.createReadStream('/tmp/data', { start: 600_000 }))).to.have.length(7)
  })

  it('reads files whose size says nothing', async () => {
    expect(await container.fs.readFile('/proc/1/status', 'utf8')).to.match(/^Name:/)
  })

  it('sets mode, owner, times and size', async () => {
    const { fs } = container
    await fs.writeFile('/tmp/set', 'content', { mode: 0o600 })
    await fs.truncate('/tmp/set', 3)
    await fs.chmod('/tmp/set', 0o4750)
    await fs.utimes('/tmp/set', new Date(1000), new Date(-1500))
    const { mode, mtime, atime, size, type } = await fs.stat('/tmp/set')
    expect({ mode, mtime, atime, size, type }).to.deep.equal({
      mode: 0o4750,
      mtime: new Date(-1500),
      atime: new Date(1000),
      size: 3,
      type: 'file',
    })
    await fs.chown('/tmp/set', 0, 0)
    expect(await fs.stat('/tmp/set')).to.include({ uid: 0, gid: 0 })
  })

  it('makes, lists, renames and removes', async () => {
    const { fs } = container
    await fs.writeFiles({ '/tmp/t/a/one': '1', '/tmp/t/b/two': '2', '/tmp/t/c': '3' })
    await fs.symlink('a/one', '/tmp/t/link')
    expect(await fs.readlink('/tmp/t/link')).to.equal('a/one')
    const listed = await fs.readdir('/tmp/t', { recursive: true })
    expect(listed.map(({ path, type }) => `${path} ${type}`)).to.deep.equal([
      'a directory',
      'a/one file',
      'b directory',
      'b/two file',
      'c file',
      'link symlink',
    ])
    await fs.rename('/tmp/t/a', '/tmp/t/d')
    expect(await fs.exists('/tmp/t/link')).to.equal(false)
    expect((await fs.lstat('/tmp/t/link')).type).to.equal('symlink')
    expect(await outcome(() => fs.rm('/tmp/t'))).to.equal('ERR_FILE_TYPE')
    await fs.rm('/tmp/t', { recursive: true })
    expect(await outcome(() => fs.rm('/tmp/t'))).to.equal('ERR_FILE_NOT_FOUND')
    await fs.rm('/tmp/t', { force: true })
  })

  it('refuses a path with a NUL, and one that is empty', async () => {
    expect(await outcome(() => container.fs.readFile('/etc/passwd\0x'))).to.equal(
      'ERR_INVALID_SPEC',
    )
    expect(await outcome(() => container.fs.readFile(''))).to.equal('ERR_INVALID_SPEC')
  })

  it('copies trees in and out: bytes, modes, times and links', async () => {
    using place = new Place()
    const from = place.at('from')
    mkdirSync(join(from, 'sub'), { recursive: true })
    writeFileSync(join(from, 'program'), 'text', { mode: 0o755 })
    writeFileSync(join(from, 'sub', 'file'), Buffer.alloc(300_000, 7), { mode: 0o600 })
    symlinkSync('/nowhere', join(from, 'sub', 'link'))
    lutimesSync(join(from, 'sub', 'link'), 5000, 5000)
    for (const name of ['program', 'sub/file', 'sub', '.'])
      utimesSync(join(from, name), 123_456, 123_456)
    await container.fs.copyIn(from, '/tmp/tree')
    expect(await sh('cd /tmp/tree; stat -c "%a %Y %u" program sub/file sub .')).to.equal(
      ['755 123456 0', '600 123456 0', '755 123456 0', '755 123456 0', ''].join('\n'),
    )
    await container.fs.copyOut('/tmp/tree', place.at('to'))
    const to = place.at('to')
    expect(readdirSync(to, { recursive: true })).to.have.members(
      readdirSync(from, { recursive: true }),
    )
    expect(readFileSync(join(to, 'sub/file'))).to.deep.equal(readFileSync(join(from, 'sub/file')))
    expect(readlinkSync(join(to, 'sub/link'))).to.equal('/nowhere')
    expect(lstatSync(join(to, 'sub/link')).mtimeMs).to.equal(5_000_000)
    for (const name of ['program', 'sub/file', 'sub', '.']) {
      const [a, b] = [statSync(join(from, name)), statSync(join(to, name))]
      expect([b.mode, b.mtimeMs], name).to.deep.equal([a.mode, a.mtimeMs])
    }
  })

  it('copies into what is there, and takes no set-user-ID bit out', async () => {
    using place = new Place()
    await sh('mkdir -p /tmp/suid; echo x > /tmp/suid/program; chmod 6755 /tmp/suid/program')
    mkdirSync(place.at('suid'))
    writeFileSync(place.at('suid', 'program'), 'before')
    writeFileSync(place.at('suid', 'other'), 'stays')
    await container.fs.copyOut('/tmp/suid', place.at('suid'))
    expect(statSync(place.at('suid', 'program')).mode & 0o7777).to.equal(0o755)
    expect(readFileSync(place.at('suid', 'other'), 'utf8')).to.equal('stays')
  })

  it('says which entry cannot be copied, and leaves out what the filter names', async () => {
    using place = new Place()
    const { fs } = container
    await sh('mkdir -p /tmp/odd; mkfifo /tmp/odd/fifo; echo x > /tmp/odd/file')
    expect(await outcome(() => fs.copyOut('/tmp/odd', place.at('a')))).to.equal('ERR_FILE_TYPE')
    await fs.copyOut('/tmp/odd', place.at('b'), { filter: (_, type) => type !== 'fifo' })
    expect(readdirSync(place.at('b'))).to.deep.equal(['file'])
    expect(
      await outcome(() => fs.copyOut('/tmp/odd/file', place.at('c'), { maxBytes: 1 })),
    ).to.equal('ERR_FILE_LIMIT')
    spawnSync('mkfifo', [place.at('fifo')])
    expect(await outcome(() => fs.copyIn(place.at('fifo'), '/tmp/x'))).to.equal('ERR_FILE_TYPE')
  })

  it('makes archives that tar reads, and unpacks those that tar made', async () => {
    using place = new Place()
    const { fs } = container
    const long = `${'d'.repeat(120)}/${'f'.repeat(120)}`
    await fs.writeFiles({ '/tmp/arc/a': 'first', [`/tmp/arc/${long}`]: 'long', '/tmp/arc/é': '' })
    await fs.symlink('a', '/tmp/arc/l')
    const archive = place.at('archive.tar')
    writeFileSync(archive, await buffer(fs.tar('/tmp/arc')))
    mkdirSync(place.at('out'))
    const done = spawnSync('tar', ['xf', archive, '-C', place.at('out')], { encoding: 'utf8' })
    expect([done.status, done.stderr]).to.deep.equal([0, ''])
    expect(readFileSync(place.at('out', long), 'utf8')).to.equal('long')
    expect(readlinkSync(place.at('out', 'l'))).to.equal('a')
    spawnSync('ln', [place.at('out', 'a'), place.at('out', 'hard')])
    spawnSync('tar', ['cf', archive, '-C', place.at('out'), '.'])
    await fs.untar('/tmp/back', createReadStream(archive))
    expect(await sh(`cd /tmp/back; cat a hard l ${long}; stat -c %h a`)).to.equal(
      'firstfirstfirstlong2\n',
    )
  })

  it('tells of what happens in a tree, in new directories and after renames too', async () => {
    const { fs } = container
    const abort = new AbortController()
    await fs.mkdir('/tmp/watched/old', { recursive: true })
    const seen: WatchEvent[] = []
    const events = fs.watch('/tmp/watched', { recursive: true, signal: abort.signal })
    const iterator = events[Symbol.asyncIterator]()
    // An event of our own shows that the watch stands.
    const first = iterator.next()
    while (
      (await Promise.race([first, fs.writeFile('/tmp/watched/begin', '').then(() => 0)])) === 0
    );
    const changing = sh(
      'cd /tmp/watched; echo 1 >> old/file; mv old new; echo 2 >> new/file; mkdir in; echo 3 > in/side; rm -r in; touch end',
    )
    for (;;) {
      const { value, done } = await iterator.next()
      if (done === true) break
      seen.push(value)
      if (value.path === 'end') break
    }
    await changing
    const lines = seen.map(({ type, path, from }) => `${type} ${path}${from ? ` < ${from}` : ''}`)
    for (const line of [
      'create old/file',
      'modify old/file',
      'rename new < old',
      'modify new/file',
      'create in',
      'remove in',
    ])
      expect(lines).to.include(line)
    const more = iterator.next()
    abort.abort()
    expect(await outcome(() => consume(more, iterator))).to.equal('ERR_ABORTED')
  })

  it('reads and writes while the container is stopped, and loses nothing by it', async () => {
    const other = await engine.create()
    await other.fs.writeFile('/tmp/before', 'b')
    await other.stop()
    await other.fs.writeFile('/tmp/after', 'a')
    expect(await other.fs.readFile('/tmp/before', 'utf8')).to.equal('b')
    expect(await other.fs.readFile('/tmp/after', 'utf8')).to.equal('a')
    await other.remove()
    expect(await outcome(() => other.fs.stat('/tmp'))).to.equal('ERR_CONTAINER_STATE')
  })

  it('starts another server when the one there was is killed', async () => {
    const { fs } = container
    await fs.writeFile('/tmp/alive', 'x')
    const launcher = childrenOf(process.pid)[0] ?? ''
    for (const pid of childrenOf(launcher))
      if (/^Seccomp:\t0$/m.test(statusOf(pid)) && isServer(pid))
        process.kill(Number(pid), 'SIGKILL')
    const first = await outcome(() => fs.readFile('/tmp/alive'))
    expect(first).to.be.oneOf(['ok', 'ERR_FILE_IO'])
    expect(await fs.readFile('/tmp/alive', 'utf8')).to.equal('x')
  })

  it('gives up when the signal says so', async () => {
    const { fs } = container
    const signal = AbortSignal.abort()
    expect(await outcome(() => fs.readFile('/etc/passwd', { signal }))).to.equal('ERR_ABORTED')
    const abort = new AbortController()
    const endless = (async function* () {
      for (;;) {
        yield Buffer.alloc(1000)
        abort.abort()
      }
    })()
    expect(
      await outcome(() => fs.writeFile('/tmp/endless', endless, { signal: abort.signal })),
    ).to.equal('ERR_ABORTED')
  })

  it('writes and reads more than a thousand small files a second', async () => {
    const { fs } = container
    const names = Array.from({ length: BATCH }, (_, index) => String(index))
    let [writing, reading] = [Infinity, Infinity]
    // the fastest of some: others may need the machine meanwhile
    for (let n = 0; n < 5 && Math.max(writing, reading) >= BATCH; n++) {
      const files = Object.fromEntries(names.map((name) => [`/tmp/many${n}/${name}`, `is ${name}`]))
      const from = performance.now()
      await fs.writeFiles(files)
      const middle = performance.now()
      for (const [path, content] of Object.entries(files))
        expect(await fs.readFile(path, 'utf8')).to.equal(content)
      writing = Math.min(writing, middle - from)
      reading = Math.min(reading, performance.now() - middle)
    }
    console.log(`      ${rate(writing)} written, ${rate(reading)} read a second`)
    expect(rate(writing)).to.be.greaterThan(1000)
    expect(rate(reading)).to.be.greaterThan(1000)
  })

  it('leaves no process and no descriptor when containers are removed', async () => {
    await container.remove()
    await useAndRemove(engine)
    const before = takeStock()
    for (let n = 0; n < 5; n++) await useAndRemove(engine)
    // Not equal: of the first round a descriptor may have been about to be closed.
    const isClean = (): boolean => {
      const { containers, descriptors, mounts } = takeStock()
      const clean = containers.length === 0 && mounts === before.mounts
      return clean && descriptors <= before.descriptors
    }
    await waitUntil('nothing is left', isClean)
  })

  it('lets Node end by itself while a server is idle', () => {
    const program = `import { createEngine } from 'caisson'
      const engine = await createEngine()
      const container = await engine.create()
      await container.fs.writeFile('/tmp/x', 'y')
      console.log(await container.fs.readFile('/tmp/x', 'utf8'))`
    const args = ['--input-type=module', '--eval', program]
    const child = spawnSync(process.execPath, args, {
      cwd: checkout,
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect([child.stdout, child.status, child.signal]).to.deep.equal(['y\n', 0, null])
  })
})

/** Files at a time, for a rate. */
const BATCH = 1000

function rate(ms: number): number {
  return Math.round(BATCH / (ms / 1000))
}

/** A container with a server and a watch, removed while both stand. */
async function useAndRemove(engine: PresetEngine<DefaultLimits>): Promise<void> {
  const one = await engine.create()
  await one.fs.writeFile('/tmp/x', 'x')
  const watching = one.fs.watch('/tmp')[Symbol.asyncIterator]()
  const next = watching.next()
  await one.fs.writeFile('/tmp/y', 'y')
  const ended = outcome(() => consume(next, watching))
  await one.remove()
  expect(await ended).to.not.equal('ok')
}

/** Reads events until there is none. */
async function consume<T>(
  first: Promise<IteratorResult<T>>,
  iterator: AsyncIterator<T>,
): Promise<void> {
  let result = await first
  while (result.done !== true) result = await iterator.next()
}

function childrenOf(pid: number | string): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
}

// Others of the launcher's children come and go: one that is gone has none.
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

/** A child of the launcher in its own pid namespace: no container's pid 1. */
function isServer(pid: string): boolean {
  return (/^NSpid:(.*)$/m.exec(statusOf(pid))?.[1]?.trim().split(/\s+/).length ?? 0) === 1
}
