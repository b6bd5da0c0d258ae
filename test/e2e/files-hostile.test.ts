import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits } from 'caisson'
import { buildSwapper, fingerprint, makeCanary, outcome, Place } from './file-fixtures.js'

type AnyContainer = Awaited<ReturnType<PresetEngine<DefaultLimits>['create']>>

const RACE_MS = Number(process.env['CAISSON_RACE_MS'] ?? 1500)
const FILE_CODES = /^(ok|ERR_FILE_(NOT_FOUND|EXISTS|TYPE|ACCESS|IO))$/

/** One ustar entry, by hand: archives that no honest program makes. */
function entry(name: string, type: string, target = '', content = ''): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write(target, 157)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
  body.write(content)
  return Buffer.concat([header, body])
}

const archive = (...entries: Buffer[]): Readable =>
  Readable.from([Buffer.concat([...entries, Buffer.alloc(1024)])])

// Ideas: CVE-2018-15664 and CVE-2026-41568 (copies that race with the container), CVE-2019-10152, tar breakouts.
describe('container.fs in hostile containers', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>
  let container: AnyContainer
  let place: Place
  let canary: string
  let untouched: string

  before(async () => {
    engine = await createEngine()
    place = new Place()
    canary = makeCanary(place)
    untouched = fingerprint(canary)
  })
  beforeEach(async () => {
    container = await engine.create()
  })
  afterEach(async () => {
    await container.remove()
    expect(fingerprint(canary), 'the canary is as it was').to.equal(untouched)
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    place[Symbol.dispose]()
  })

  const sh = async (script: string): Promise<string> => (await container.sh(script)).unwrap().stdout

  for (const [title, target] of [
    ['absolute', (path: string) => path],
    ['that climbs', (path: string) => `../../../../../../..${path}`],
    ['through /proc/self/root', (path: string) => `/proc/self/root${path}`],
    ['through /proc/1/root', (path: string) => `/proc/1/root${path}`],
    ['through /proc/1/cwd', (path: string) => `/proc/1/cwd/../..${path}`],
  ] as const) {
    it(`does not leave the root by a link ${title}`, async () => {
      const { fs } = container
      await fs.symlink(target(canary), '/tmp/out')
      for (const work of [
        () => fs.readFile('/tmp/out/file'),
        () => fs.writeFile('/tmp/out/file', 'broken'),
        () => fs.writeFile('/tmp/out/new', 'broken'),
        () => fs.readdir('/tmp/out'),
        () => fs.rm('/tmp/out/deep', { recursive: true }),
        () => fs.rename('/tmp/out/file', '/tmp/stolen'),
        () => fs.chmod('/tmp/out/file', 0o777),
        () => fs.mkdir('/tmp/out/made'),
        () => fs.copyOut('/tmp/out/file', place.at('stolen')),
      ]) {
        expect(await outcome(work)).to.match(/^ERR_FILE_(NOT_FOUND|TYPE|ACCESS)$/)
      }
      expect(await outcome(() => fs.rm('/tmp/out', { recursive: true }))).to.equal('ok')
    })
  }

  it('ends at once at loops, FIFOs, sockets and devices', async () => {
    const { fs } = container
    await sh('cd /tmp; ln -s a b; ln -s b a; mkfifo fifo; mkdir d; ln -s . d/self')
    const from = performance.now()
    for (const path of ['/tmp/a', '/tmp/fifo', '/dev/null', '/dev/zero', '/dev/full', '/tmp/d']) {
      expect(await outcome(() => fs.readFile(path)), path).to.equal('ERR_FILE_TYPE')
      expect(await outcome(() => fs.writeFile(path, 'x')), path).to.equal('ERR_FILE_TYPE')
      expect(await outcome(() => fs.truncate(path)), path).to.equal('ERR_FILE_TYPE')
    }
    expect((await fs.readdir('/tmp/d', { recursive: true })).map(({ path }) => path)).to.deep.equal(
      ['self'],
    )
    expect(performance.now() - from).to.be.lessThan(2000)
  })

  it('walks, copies and removes a tree of 300 levels, and removes one that no path reaches', async () => {
    const { fs } = container
    const deep = Array.from({ length: 300 }, () => 'dddd').join('/')
    await fs.mkdir(`/tmp/tree/${deep}`, { recursive: true })
    await fs.writeFile(`/tmp/tree/${deep}/file`, 'deep')
    expect(await fs.readdir('/tmp/tree', { recursive: true })).to.have.length(301)
    await fs.copyOut('/tmp/tree', place.at('tree'))
    expect(readFileSync(place.at('tree', deep, 'file'), 'utf8')).to.equal('deep')
    await fs.rm('/tmp/tree', { recursive: true })
    const name = 'n'.repeat(200)
    await sh(`mkdir /tmp/abyss; cd /tmp/abyss; i=0
      while [ $i -lt 600 ]; do mkdir ${name} && cd -P ${name} 2>/dev/null || exit 1; touch file; i=$((i+1)); done`)
    expect(await outcome(() => fs.readdir('/tmp/abyss', { recursive: true }))).to.equal(
      'ERR_FILE_LIMIT',
    )
    await fs.rm('/tmp/abyss', { recursive: true })
    expect(await fs.exists('/tmp/abyss')).to.equal(false)
  })

  it('takes names of any bytes, by bytes', async () => {
    const { fs } = container
    const name = Buffer.from([0x2f, 0x74, 0x6d, 0x70, 0x2f, 0x72, 0x2f, 0xff, 0xfe, 0x0a, 0x80])
    await fs.mkdir('/tmp/r')
    await fs.writeFile(name, 'raw')
    const [entryOf] = await fs.readdir('/tmp/r')
    expect(Buffer.from(entryOf?.bytes ?? [])).to.deep.equal(name)
    expect(await fs.readFile(entryOf?.bytes ?? '', 'utf8')).to.equal('raw')
    await fs.copyOut('/tmp/r', place.at('raw'))
    const [copied] = readdirSync(place.at('raw'), { encoding: 'buffer' })
    expect(copied).to.deep.equal(name.subarray(7))
    await fs.copyIn(place.at('raw'), '/tmp/again')
    expect(await sh('cat /tmp/again/*')).to.equal('raw')
    expect(await outcome(() => buffer(fs.tar('/tmp/r')))).to.equal('ERR_FILE_ARCHIVE')
  })

  it('copies out over links of the host, and not through them', async () => {
    const { fs } = container
    await fs.writeFiles({ '/tmp/o/sub/file': 'inside', '/tmp/o/file': 'inside' })
    mkdirSync(place.at('target'))
    symlinkSync(join(canary, 'file'), place.at('target', 'file'))
    symlinkSync(join(canary, 'deep'), place.at('target', 'sub'))
    await fs.copyOut('/tmp/o', place.at('target'))
    expect(readFileSync(place.at('target', 'sub', 'file'), 'utf8')).to.equal('inside')
    expect(readFileSync(place.at('target', 'file'), 'utf8')).to.equal('inside')
  })

  it('takes no more out than a disk holds, by default, and as much as the caller says', async () => {
    const { fs } = container
    // larger than most disks, in a root of some megabytes
    await sh('mkdir -p /tmp/bomb/d; cd /tmp/bomb; truncate -s 1T sparse; touch d/1 d/2 d/3')
    for (const work of [
      () => fs.copyOut('/tmp/bomb', place.at('bomb')),
      () => fs.copyOut('/tmp/bomb/sparse', place.at('sparse')),
      () => buffer(fs.tar('/tmp/bomb')),
      () => fs.copyOut('/tmp/bomb/d', place.at('d'), { maxEntries: 2 }),
      () => buffer(fs.tar('/tmp/bomb/d', { maxEntries: 2 })),
      () => fs.copyIn(canary, '/tmp/in', { maxEntries: 2 }),
      () => fs.untar('/tmp/in', archive(entry('a', '0'), entry('b', '0')), { maxEntries: 1 }),
    ])
      expect(await outcome(work)).to.equal('ERR_FILE_LIMIT')
    await fs.copyOut('/tmp/bomb/d', place.at('d'), { maxEntries: 3, maxBytes: 0 })
    expect(readdirSync(place.at('d'))).to.have.length(3)
    for (const maxBytes of [-1, NaN, 1.5, '1MiB'] as number[])
      for (const work of [
        () => fs.copyOut('/tmp/bomb/d', place.at('e'), { maxBytes }),
        () => fs.copyIn(canary, '/tmp/in', { maxBytes }),
        () => fs.untar('/tmp/in', archive(), { maxBytes }),
        () => fs.readFile('/tmp/bomb/d/1', { maxBytes }),
        () => fs.readdir('/tmp/bomb', { maxEntries: maxBytes }),
      ])
        expect(await outcome(work), String(maxBytes)).to.equal('ERR_INVALID_SPEC')
  })

  it('replaces no file of the host by what cannot be made there', async () => {
    const { fs } = container
    await fs.writeFile('/tmp/new', 'new')
    mkdirSync(place.at('kept', 'new'), { recursive: true })
    expect(await outcome(() => fs.copyOut('/tmp/new', place.at('kept', 'new')))).to.equal(
      'ERR_FILE_EXISTS',
    )
    const long = place.at('kept', 'n'.repeat(300))
    expect(await outcome(() => fs.copyOut('/tmp/new', long))).to.equal('ERR_FILE_LIMIT')
    await fs.mkdir('/tmp/directory')
    expect(await outcome(() => fs.copyOut('/tmp/directory', long))).to.equal('ERR_FILE_LIMIT')
  })

  it('unpacks nothing beside the directory', async () => {
    const { fs } = container
    const up = entry('../escaped', '0', '', 'x')
    const hard = entry('hard', '1', '../../etc/passwd')
    const through = [entry('out', '2', '/etc'), entry('out/escaped', '0', '', 'x')]
    const hardThrough = [entry('out', '2', '/etc'), entry('hard', '1', 'out/passwd')]
    const device = entry('device', '3')
    for (const entries of [[up], [hard], through, hardThrough, [device]]) {
      await fs.rm('/tmp/un', { recursive: true, force: true })
      expect(await outcome(() => fs.untar('/tmp/un', archive(...entries)))).to.equal(
        'ERR_FILE_ARCHIVE',
      )
    }
    expect(await fs.exists('/etc/escaped')).to.equal(false)
    expect(await fs.exists('/tmp/escaped')).to.equal(false)
    await fs.untar('/tmp/un2', archive(entry('/etc/absolute', '0', '', 'below')))
    expect(await fs.readFile('/tmp/un2/etc/absolute', 'utf8')).to.equal('below')
    await fs.untar('/tmp/un3', archive(entry('l', '2', '/etc/passwd'), entry('l', '0', '', 'own')))
    expect(await fs.readFile('/etc/passwd', 'utf8')).to.not.equal('own')
    const broken = Readable.from([Buffer.alloc(2048, 'no archive')])
    expect(await outcome(() => fs.untar('/tmp/un4', broken))).to.equal('ERR_FILE_ARCHIVE')
    const half = Readable.from([entry('half', '0', '', 'x'.repeat(600)).subarray(0, 700)])
    expect(await outcome(() => fs.untar('/tmp/un4', half))).to.equal('ERR_FILE_ARCHIVE')
  })

  it('stays inside while a process swaps a directory with a link', async function () {
    const swapper = buildSwapper(place)
    if (swapper === undefined) {
      console.log('      skipped: needs a C compiler (apt-get install gcc)')
      return this.skip()
    }
    const { fs } = container
    await fs.copyIn(swapper, '/tmp/swap')
    // What the link leads to inside the root, so that the race shows.
    await fs.writeFile(join(canary, 'file'), 'decoy', { mkdir: true })
    await fs.writeFile('/tmp/race/dir/file', 'inside', { mkdir: true })
    await fs.symlink(canary, '/tmp/race/link')
    const swapping = container.exec('/tmp/swap', ['/tmp/race/dir', '/tmp/race/link'])
    for await (const line of swapping.lines()) if (line === 'ready') break
    const seen = new Map<string, number>()
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
    const end = performance.now() + RACE_MS
    for (let n = 0; performance.now() < end; n++) {
      await fs.readFile('/tmp/race/dir/file', 'utf8').then(count, (error: Error) => {
        expect(Reflect.get(error, 'code')).to.match(FILE_CODES)
      })
      for (const work of [
        () => fs.writeFile('/tmp/race/dir/new', 'x'),
        () => fs.mkdir(`/tmp/race/dir/m/${n % 50}`, { recursive: true }),
        () => fs.rm('/tmp/race/dir/m', { recursive: true, force: true }),
        () => fs.rename('/tmp/race/dir/new', '/tmp/race/dir/newer'),
        () => fs.readdir('/tmp/race', { recursive: true }),
        () => fs.copyOut('/tmp/race', place.at('copied')),
      ]) {
        expect(await outcome(work)).to.match(FILE_CODES)
      }
    }
    await swapping.kill()
    await swapping
    expect([...seen.keys()].toSorted()).to.deep.equal(['decoy', 'inside'])
    return undefined
  })

  it('writes nothing through a link that a container makes in the target on the host', async function () {
    const swapper = buildSwapper(place)
    if (swapper === undefined) {
      console.log('      skipped: needs a C compiler (apt-get install gcc)')
      return this.skip()
    }
    const shared = place.at('shared')
    mkdirSync(join(shared, 'target', 'sub'), { recursive: true })
    symlinkSync(join(canary, 'deep'), join(shared, 'target', 'link'))
    const other = await engine.create({
      mounts: [{ kind: 'bind', from: shared, to: '/shared', readonly: false }],
    })
    const { fs } = other
    await fs.copyIn(swapper, '/tmp/swap')
    await fs.writeFiles({ '/tmp/tree/sub/file': 'inside', '/tmp/tree/sub/other/file': 'inside' })
    const swapping = other.exec('/tmp/swap', ['/shared/target/sub', '/shared/target/link'])
    for await (const line of swapping.lines()) if (line === 'ready') break
    const end = performance.now() + RACE_MS / 2
    const seen = new Set<string>()
    while (performance.now() < end)
      seen.add(await outcome(() => fs.copyOut('/tmp/tree', join(shared, 'target'))))
    await swapping.kill()
    await swapping
    await other.remove()
    expect(
      [...seen].every((code) => FILE_CODES.test(code)),
      [...seen].join(),
    ).to.equal(true)
    writeFileSync(place.at('done'), '')
    return undefined
  })
})
