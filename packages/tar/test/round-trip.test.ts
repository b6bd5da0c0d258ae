import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail, NewEntry } from '@caisson/core'
import { expect } from 'chai'
import { packDirectory, unpackTar, writeTar, type PackOptions } from '../dist/index.js'
import { gather } from './archives.js'
import { isRoot, Jails, listing } from './jailed.js'

const MTIME = 1_234_567_890_123_456_789n
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Every case that libraries get wrong. */
async function fill(jail: DirectoryJail): Promise<void> {
  const make = (type: NewEntry['type'], path: string, more: Partial<NewEntry> = {}) =>
    jail.make({ type, path: bytes(path), mode: 0o644, ...more })
  const times = { atimeNs: MTIME, mtimeNs: MTIME }
  await make('directory', 'set', { mode: 0o3775 })
  await make('file', 'set/uid', { mode: 0o6755, content: bytes('uid'), times })
  await make('directory', 'closed', { mode: 0o555 })
  await make('file', 'closed/inside', { content: bytes('x') })
  await make('hardlink', 'another', { target: bytes('set/uid') })
  await make('symlink', 'long-target', { target: bytes('t'.repeat(300)), times })
  await make('hardlink', 'z-link-to-link', { target: bytes('long-target') })
  await make('directory', 'n'.repeat(120), { mode: 0o700 })
  await make('file', `${'n'.repeat(120)}/${'m'.repeat(200)}`, { content: bytes('long') })
  await make('file', 'raw-\xff\xfe-\n', { content: bytes('raw') })
  await make('fifo', 'fifo', { mode: 0o620 })
  await make('file', 'empty')
  await make('file', 'two-chunks', { content: Buffer.alloc(200_000, 'chunk ') })
  await jail.setXattr(bytes('empty'), 'user.empty', Buffer.alloc(0))
  await jail.setXattr(bytes('empty'), 'user.bytes', Buffer.from([0, 10, 255]))
  await jail.setXattr(bytes('set'), 'user.on-directory', bytes('d'))
  const large = await jail.open(bytes('large'), { access: 'write', create: 0o640 })
  for (let i = 0; i < 5; i++) await large.write(Buffer.alloc(250_000, `${i}`))
  await large.close()
  const sparse = await jail.open(bytes('sparse'), { access: 'write', create: 0o600 })
  for (let i = 0; i < 30; i++) await sparse.writeAt(i * (1 << 20), Buffer.alloc(4096, `${i % 10}`))
  await sparse.set({ size: 40 << 20 })
  await sparse.close()
  if (isRoot) {
    await make('character', 'null', { mode: 0o666, device: { major: 1, minor: 3 } })
    await make('block', 'disk', { mode: 0o660, device: { major: 259, minor: 70_000 } })
    await make('file', 'big-ids', { owner: { uid: 3_000_000, gid: 2_147_483_648 } })
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')
    await jail.setXattr(bytes('two-chunks'), 'security.capability', capability)
    await jail.setXattr(bytes('large'), 'security.capability', capability)
  }
  await jail.files.set(bytes('set'), { times }, false)
  await jail.files.set(bytes('closed'), { times: { atimeNs: 1n, mtimeNs: -5_000_000_000n } }, false)
}

function run(program: string, args: readonly string[], cwd: string): void {
  const done = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  expect(done.status, `${program} ${args.join(' ')}: ${done.stderr}`).to.equal(0)
}

/** Without what old formats cannot say: fractions of seconds, and attributes. */
function coarse(lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    line.replaceAll(/ (-?\d+)\d{9} /g, ' $1 ').replaceAll(/(?:user|security)\.[^ ]*/g, ''),
  )
}

/** An archive from its first entry below the root on. */
function below(archive: Buffer): Buffer {
  return archive.subarray(archive.indexOf('another'))
}

const gnu = ['--xattrs', '--xattrs-include=*', '--numeric-owner']
const posix = ['--format=posix', '--pax-option=delete=atime,delete=ctime', ...gnu]
const programs: readonly (readonly [string, string, readonly string[]])[] = [
  ['GNU tar, PAX, sparse 1.0', 'tar', [...posix, '--sparse', '--sparse-version=1.0']],
  ['GNU tar, PAX, sparse 0.1', 'tar', [...posix, '--sparse', '--sparse-version=0.1']],
  ['GNU tar, PAX, sparse 0.0', 'tar', [...posix, '--sparse', '--sparse-version=0.0']],
  ['bsdtar, PAX', 'bsdtar', ['--format=pax', '--numeric-owner']],
]

describe('archives of every case', function () {
  this.timeout(120_000)
  let jails: Jails
  let source: { readonly path: string; readonly jail: DirectoryJail }
  let expected: readonly string[]
  let scratch: string

  before(async () => {
    jails = new Jails()
    source = await jails.make()
    scratch = mkdtempSync(join(tmpdir(), 'caisson-archive-'))
    await fill(source.jail)
    expected = await listing(source.jail)
    expect(expected.length).to.be.greaterThan(10)
  })
  after(async () => {
    await jails[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true })
  })

  async function unpacked(file: string): Promise<readonly string[]> {
    const { jail } = await jails.make()
    await unpackTar(createReadStream(file), jail)
    const found = await jail.get(bytes('sparse'))
    if (!file.includes('whole')) expect(found.storedBytes).to.be.lessThan(8 << 20)
    return listing(jail)
  }

  for (const [title, program, options] of programs) {
    it(`are unpacked exactly as made by ${title}`, async function () {
      if (!existsSync(`/usr/bin/${program}`) && !existsSync(`/bin/${program}`)) {
        console.log(`      skipped: needs ${program} (apt-get install tar libarchive-tools)`)
        this.skip()
      }
      const file = join(scratch, 'made.tar')
      run(program, [...options, '-cf', file, '.'], source.path)
      expect(await unpacked(file)).to.deep.equal(expected)
    })
  }

  it('are unpacked exactly as made by GNU tar in its own format, which has seconds and no attributes', async () => {
    const file = join(scratch, 'made.tar')
    run('tar', ['--format=gnu', '--sparse', '--numeric-owner', '-cf', file, '.'], source.path)
    expect(coarse(await unpacked(file))).to.deep.equal(coarse(expected))
  })

  async function write(name: string, options: PackOptions): Promise<string> {
    const file = join(scratch, name)
    writeFileSync(file, await gather(writeTar(packDirectory(source.jail, options))))
    return file
  }

  for (const sparse of [false, true]) {
    it(`are unpacked by GNU tar as we write them, holes ${sparse ? 'left out' : 'filled'}`, async () => {
      const file = await write(sparse ? 'holes.tar' : 'whole.tar', { sparse })
      if (sparse) expect(statSync(file).size).to.be.lessThan(4 << 20)
      const { path, jail } = await jails.make()
      run('tar', [...gnu, '-xpf', file], path)
      expect(await listing(jail)).to.deep.equal(expected)
      expect(await unpacked(file)).to.deep.equal(expected)
    })
  }

  it('are the same bytes whenever we write them, to the second if asked', async () => {
    const options = { latestMtimeNs: 1_600_000_000n * 1_000_000_000n, sparse: true }
    const first = await gather(writeTar(packDirectory(source.jail, options)))
    const { jail } = await jails.make()
    await unpackTar(createReadStream(await write('again.tar', { sparse: true })), jail)
    const second = await gather(writeTar(packDirectory(jail, options)))
    // the root is another directory; all below it is what it was
    expect(below(second).equals(below(first))).to.equal(true)
    expect((await gather(writeTar(packDirectory(source.jail, options)))).equals(first)).to.equal(
      true,
    )
  })

  it('refuses content that is not as long as it says', async () => {
    const entries = [...(await gatherEntries(source.jail))]
    const file = entries.find(({ entry }) => entry.size === 200_000)
    if (file === undefined) throw new Error('it is not there')
    for (const content of [Buffer.alloc(199_999), Buffer.alloc(200_001)]) {
      const writing = gather(writeTar([{ entry: file.entry, content }]))
      const error = await writing.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).to.have.property('code', 'ERR_ARCHIVE_CORRUPT')
    }
  })
})

async function gatherEntries(jail: DirectoryJail) {
  const entries = []
  for await (const one of packDirectory(jail)) entries.push(one)
  return entries
}
