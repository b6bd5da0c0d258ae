import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trustedProgram } from '@caisson/core'
import { packDirectory, writeTar } from '@caisson/tar'
import { expect } from 'chai'
import { describeTree } from './support/describe-tree.js'
import { withLauncher } from './support/launcher.js'
import { Place } from './support/place.js'

const isRoot = process.getuid?.() === 0
const long = 'n'.repeat(120)
const deep = Array.from({ length: 20 }, () => 'directory-name-0123456789').join('/')
const ids = isRoot ? { uid: 1234, gid: 4321 } : undefined

/** Every kind of entry that a root may hold and this user may make. */
function makeSource(top: string): void {
  const at = (name: string): string => join(top, name)
  fs.mkdirSync(at('d/e'), { recursive: true })
  fs.writeFileSync(at('d/file'), 'content')
  fs.writeFileSync(at('d/empty'), '')
  fs.writeFileSync(at('d/large'), Buffer.alloc(1_500_000, 'large '))
  fs.linkSync(at('d/file'), at('d/hard'))
  fs.symlinkSync('file', at('d/link'))
  fs.symlinkSync(`/${'t'.repeat(300)}`, at('d/long-target'))
  fs.symlinkSync('dangling', at('d/dangling'))
  fs.linkSync(at('d/dangling'), at('d/hard-to-link'))
  fs.writeFileSync(at(`d/${long}`), 'long name')
  fs.mkdirSync(at(deep), { recursive: true })
  fs.writeFileSync(at(`${deep}/${long}`), 'long path')
  fs.writeFileSync(
    Buffer.concat([Buffer.from(at('d/raw-')), Buffer.from([0xff, 0xfe, 0x0a, 0x27])]),
    'raw name',
  )
  fs.writeFileSync(at('d/ünïcode-日本'), 'unicode')
  execFileSync('mkfifo', [at('d/fifo')])
  if (ids !== undefined) addForRoot(at, ids)
  fs.chmodSync(at('d/file'), 0o4751)
  fs.mkdirSync(at('sticky'))
  fs.chmodSync(at('sticky'), 0o1777)
  fs.mkdirSync(at('closed'))
  fs.writeFileSync(at('closed/inside'), 'x')
  fs.chmodSync(at('closed'), 0o555)
  for (const name of ['d/file', 'd/empty', 'closed', 'd'])
    fs.utimesSync(at(name), 1e9, 1_234_567_890)
}

function addForRoot(
  at: (name: string) => string,
  { uid, gid }: { uid: number; gid: number },
): void {
  fs.writeFileSync(at('d/owned'), 'owned')
  fs.chownSync(at('d/owned'), uid, gid)
  fs.writeFileSync(at('d/big-owner'), 'big')
  fs.chownSync(at('d/big-owner'), 3_000_000, 2 ** 31)
  fs.symlinkSync('x', at('d/owned-link'))
  fs.lchownSync(at('d/owned-link'), uid, gid)
  execFileSync('mknod', [at('d/char'), 'c', '5', '1'])
  execFileSync('mknod', [at('d/block'), 'b', '7', '300'])
}

type Writing = readonly [program: string, format: string, command: readonly string[]]

function gnuTar(format: string): Writing {
  const xattrs = ['--xattrs', '--xattrs-include=*']
  return ['GNU tar', `--format=${format}`, ['tar', `--format=${format}`, ...xattrs]]
}

function bsdTar(format: string): Writing {
  return ['bsdtar', format, ['bsdtar', '--format', format]]
}

const writings = [gnuTar('gnu'), gnuTar('posix'), gnuTar('oldgnu'), bsdTar('pax'), bsdTar('gnutar')]

/** Times of the older formats are whole seconds. */
function wholeSeconds(tree: ReadonlyMap<string, string>): readonly string[] {
  return [...tree].map(([name, text]) => `${name} ${text.replace(/(\d{9,10})\d{9}/, '$1')}`)
}

describe('archives of other programs are unpacked exactly', function () {
  this.timeout(120_000)
  const launcher = withLauncher()
  let source: string

  before(() => {
    source = fs.mkdtempSync(join(tmpdir(), 'caisson-source-'))
    makeSource(source)
  })
  after(() => {
    fs.chmodSync(join(source, 'closed'), 0o755)
    fs.rmSync(source, { recursive: true })
  })

  async function sourceTree(): Promise<ReadonlyMap<string, string>> {
    const jail = await launcher().jail?.(source, { readOnly: true })
    if (jail === undefined) throw new Error('there is no jail')
    await using served = jail
    return await describeTree(served, { owners: isRoot })
  }

  for (const [program, format, [name = '', ...args]] of writings) {
    it(`${program} ${format}`, async function () {
      const path = trustedProgram(name)
      if (path === undefined) {
        console.log(`      skipped: no ${name} (apt-get install libarchive-tools)`)
        this.skip()
      }
      const archive = execFileSync(path, [...args, '-cf', '-', '-C', source, '.'], {
        maxBuffer: 1e8,
      })
      await using place = await Place.open(launcher())
      const unpacked = await place.unpack(archive)
      const want = await sourceTree()
      const found = await describeTree(place.jail, { owners: isRoot })
      expect(wholeSeconds(found)).to.deep.equal(wholeSeconds(want))
      if (/posix|pax/.test(format)) expect([...found]).to.deep.equal([...want])
      expect(unpacked.skippedDevices).to.deep.equal([])
      expect(want.size).to.be.greaterThan(isRoot ? 40 : 35)
    })
  }

  it('our own, through ours, GNU tar and bsdtar, the same bytes each time', async function () {
    const jail = await launcher().jail?.(source, { readOnly: true })
    if (jail === undefined) throw new Error('there is no jail')
    await using served = jail
    const write = async (): Promise<Buffer> => {
      const parts: Uint8Array[] = []
      for await (const part of writeTar(packDirectory(served))) parts.push(Buffer.from(part))
      return Buffer.concat(parts)
    }
    const archive = await write()
    expect(archive.equals(await write())).to.equal(true)
    const want = [...(await describeTree(served, { owners: isRoot }))]
    await using place = await Place.open(launcher())
    await place.unpack(archive)
    expect([...(await describeTree(place.jail, { owners: isRoot }))]).to.deep.equal(want)
    // bsdtar gives no set-ID bits to files of a user who is not their owner in the archive
    const programs = isRoot ? ['tar', 'bsdtar'] : ['tar']
    for (const name of programs) {
      const path = trustedProgram(name)
      if (path === undefined) continue
      const out = fs.mkdtempSync(join(tmpdir(), 'caisson-out-'))
      execFileSync(path, ['--numeric-owner', '-xpf', '-', '-C', out], { input: archive })
      const theirs = await launcher().jail?.(out, { readOnly: true })
      if (theirs === undefined) throw new Error('there is no jail')
      expect([...(await describeTree(theirs, { owners: isRoot }))], name).to.deep.equal(want)
      await theirs[Symbol.asyncDispose]()
      fs.chmodSync(join(out, 'closed'), 0o755)
      fs.rmSync(out, { recursive: true })
    }
  })
})
