import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { DirectoryJail } from '@caisson/core'
import { expect } from 'chai'
import { unpackTar, type UnpackOptions } from '../dist/index.js'
import { archive, codeOf, pax, raw } from './archives.js'
import { isRoot, Jails } from './jailed.js'

const link = (name: string, target: string): Buffer => raw({ name, flag: '2', target })
const hard = (name: string, target: string): Buffer => raw({ name, flag: '1', target })
const file = (name: string, content = 'new'): Buffer => raw({ name, content })
const noDocuments: UnpackOptions['filter'] = ({ path }) => !String(path).startsWith('doc')

// Ideas: containerd archive/tar_test.go TestBreakouts, umoci TestUnpackEntry*, CVE-2021-29136, CVE-2026-17106,
// GHSA-83g3-92jg-28cx and its kin of node-tar, go-archive's hard links; rules U2 to U10.
describe('archives that want out', function () {
  this.timeout(60_000)
  let jails: Jails
  let outer: string
  let inner: { readonly path: string; readonly jail: DirectoryJail }

  beforeEach(async () => {
    jails = new Jails()
    const place = await jails.make()
    outer = place.path
    mkdirSync(join(outer, 'canary'))
    writeFileSync(join(outer, 'canary/secret'), 'untouched')
    mkdirSync(join(outer, 'in'))
    const jail = await jails.launcher.jail?.(join(outer, 'in'))
    if (jail === undefined) throw new Error('this launcher has no jail')
    inner = { path: join(outer, 'in'), jail }
  })
  afterEach(async () => {
    await inner.jail[Symbol.asyncDispose]()
    expect(readdirSync(outer).toSorted()).to.deep.equal(['canary', 'in'])
    expect(readdirSync(join(outer, 'canary'))).to.deep.equal(['secret'])
    expect(readFileSync(join(outer, 'canary/secret'), 'utf8')).to.equal('untouched')
    expect(lstatSync(join(outer, 'canary/secret')).mode & 0o7777).to.equal(0o644)
    await jails[Symbol.asyncDispose]()
  })

  const unpack = (parts: readonly Buffer[], options: UnpackOptions = {}) =>
    unpackTar(archive(parts), inner.jail, options)
  const at = (name: string): string => join(inner.path, name)
  const refused: readonly (readonly [string, readonly Buffer[]])[] = [
    ['a name that climbs', [file('../escaped')]],
    ['a name that climbs from within', [file('a/../../escaped')]],
    ['a long name that climbs', [pax(['path', `${'x/'.repeat(60)}../../escaped`]), file('a')]],
    ['a hard link that climbs', [hard('a', '../canary/secret')]],
    ['a link in place of the root', [link('./', '../canary')]],
    ['a link in place of the root by another name', [link('/.', '../canary')]],
    ['a file in place of the root', [file('.')]],
    ['a directory that climbs', [raw({ name: '../canary/', flag: '5', mode: 0o777 })]],
    ['something below a file', [file('a'), file('a/b')]],
    ['a whiteout', [file('.wh.passwd', '')]],
    ['a device that hides what is below', [raw({ name: 'a', flag: '3' })]],
  ]
  for (const [title, parts] of refused)
    it(`are refused: ${title}`, async () => {
      expect(await codeOf(unpack(parts))).to.equal('ERR_ARCHIVE_UNSAFE')
    })

  it('are refused: a hard link to what only the host has', async () => {
    const target = join(outer, 'canary/secret')
    expect(await codeOf(unpack([hard('a', target)]))).to.equal('ERR_ARCHIVE_CORRUPT')
    const through = [link('out', '../canary'), hard('a', 'out/secret')]
    expect(await codeOf(unpack(through))).to.equal('ERR_ARCHIVE_CORRUPT')
  })

  it('are resolved inside: links on the way to an entry, absolute and climbing', async () => {
    await unpack([
      link('lib', '/usr/lib'),
      file('lib/one'),
      link('up', '../../../../canary'),
      file('up/secret'),
      link('abs', `${outer}/canary`),
      file('abs/secret'),
    ])
    expect(readlinkSync(at('lib'))).to.equal('/usr/lib')
    expect(readFileSync(at('usr/lib/one'), 'utf8')).to.equal('new')
    expect(readFileSync(at('canary/secret'), 'utf8')).to.equal('new')
    expect(readFileSync(at(`${outer}/canary/secret`), 'utf8')).to.equal('new')
  })

  it('are resolved inside: links that lead in circles end', async () => {
    const circle = [link('a', 'b'), link('b', 'a'), file('a/c')]
    expect(await codeOf(unpack(circle))).to.match(/^ERR_(ARCHIVE_UNSAFE|FILE_TYPE)$/)
  })

  it('follow no link at their own name', async () => {
    await unpack([link('a', '../canary/secret'), file('a', 'mine')])
    expect(lstatSync(at('a')).isFile()).to.equal(true)
    await unpack([link('b', '../canary'), raw({ name: 'b/', flag: '5', mode: 0o777 })])
    expect(lstatSync(at('b')).isDirectory()).to.equal(true)
    await unpack([link('c', '../canary/secret'), hard('d', 'c'), raw({ name: 'd', mode: 0o4777 })])
    expect(readlinkSync(at('c'))).to.equal('../canary/secret')
  })

  it('replace files by directories and directories by files', async () => {
    await unpack([file('a'), raw({ name: 'a/', flag: '5', mode: 0o755 }), file('a/b')])
    expect(readFileSync(at('a/b'), 'utf8')).to.equal('new')
    await unpack([file('a'), file('b'), hard('b', 'b')])
    expect(readFileSync(at('a'), 'utf8')).to.equal('new')
    expect(readFileSync(at('b'), 'utf8')).to.equal('new')
  })

  it('change mode and owner of the root, and nothing else of it', async () => {
    await unpack([raw({ name: './', flag: '5', mode: 0o710 }), file('a')])
    expect(lstatSync(inner.path).mode & 0o7777).to.equal(0o710)
    await unpack([raw({ name: './', flag: '5', mode: 0o755 })])
  })

  it('bring no attribute of the host’s policy or of overlays', async () => {
    const attributes = [
      'security.selinux',
      'trusted.x',
      'user.overlay.opaque',
      'user.fine',
    ] as const
    const records = attributes.map((name) => [`SCHILY.xattr.${name}`, 'y'] as const)
    const { droppedXattrs } = await unpack([pax(...records), file('a')])
    expect(droppedXattrs).to.deep.equal(['security.selinux', 'trusted.x', 'user.overlay.opaque'])
    expect([...(await inner.jail.get(Buffer.from('a'))).xattrs.keys()]).to.deep.equal(['user.fine'])
  })

  it('bring devices for root alone, and where they are not refused', async () => {
    const device = raw({ name: 'null', flag: '3', major: 1, minor: 3, mode: 0o666 })
    const { skippedDevices } = await unpack([device])
    expect(skippedDevices).to.deep.equal(isRoot ? [] : ['null'])
    expect(await codeOf(unpack([device], { devices: 'refuse' }))).to.equal('ERR_ARCHIVE_UNSAFE')
  })

  it('delete by whiteouts only when they are layers, and only what has a name', async () => {
    const options = { whiteouts: 'overlay' } as const
    await unpack(
      [file('dir/.wh.gone', ''), file('dir/.wh..wh..opq', ''), file('.wh..wh.plnk', '')],
      options,
    )
    const { device, status } = await inner.jail.get(Buffer.from('dir/gone'))
    expect([status.mode & 0o170000, device.major, device.minor]).to.deep.equal([0o020000, 0, 0])
    expect(
      String((await inner.jail.get(Buffer.from('dir'))).xattrs.get('user.overlay.opaque')),
    ).to.equal('y')
    for (const name of ['.wh.', '.wh..', '.wh...'])
      expect(await codeOf(unpack([file(name, '')], options)), name).to.equal('ERR_ARCHIVE_UNSAFE')
    expect(await codeOf(unpack([file('.wh.a', 'x')], options))).to.equal('ERR_ARCHIVE_UNSAFE')
  })

  it('take no owner that is not this user’s to give', async () => {
    const owned = raw({ name: 'a', uid: 0o777777 })
    const { mode } = inner.jail.identity
    if (mode === 'ranges') expect(await codeOf(unpack([owned]))).to.equal('ERR_ARCHIVE_UNSAFE')
    else expect((await unpack([owned])).ownersLost).to.equal(mode === 'single' ? 1 : 0)
  })

  it('are deep, and long, up to a limit', async () => {
    const deep = `${'d/'.repeat(1500)}f`
    expect(await codeOf(unpack([pax(['path', deep]), file('a')]))).to.equal('ERR_ARCHIVE_LIMIT')
    const long = 'x'.repeat(256)
    expect(await codeOf(unpack([pax(['path', long]), file('a')]))).to.equal('ERR_ARCHIVE_LIMIT')
    await unpack([pax(['path', `${'d/'.repeat(900)}f`]), file('a')])
  })

  it('fail as a whole, with the first reason, and end at once when aborted', async () => {
    const many = Array.from({ length: 50 }, (_, i) => file(`f${i}`, 'x'.repeat(2000)))
    expect(await codeOf(unpack([...many, hard('a', 'missing'), ...many]))).to.equal(
      'ERR_ARCHIVE_CORRUPT',
    )
    const stop = new AbortController()
    const progress = { signal: stop.signal, onProgress: () => stop.abort() }
    expect(await codeOf(unpack(many, progress))).to.equal('ERR_ABORTED')
  })

  it('leave out what the filter does not want', async () => {
    await unpack([file('doc/a'), file('b')], { filter: noDocuments })
    expect(readdirSync(inner.path)).to.deep.equal(['b'])
  })

  it('keep a link that stands for a directory, where packages of merged /usr need it', async () => {
    await unpack([raw({ name: 'usr/', flag: '5', mode: 0o755 }), link('bin', 'usr')])
    await unpack([raw({ name: 'bin/', flag: '5', mode: 0o755 }), file('bin/sh')], {
      keepLinks: true,
    })
    expect(readlinkSync(at('bin'))).to.equal('usr')
    expect(readFileSync(at('usr/sh'), 'utf8')).to.equal('new')
  })
})
