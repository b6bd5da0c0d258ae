import * as fs from 'node:fs'
import { expect } from 'chai'
import { rejected, withLauncher } from './support/launcher.js'
import { paxHeader, tarOf, type Header } from './support/make-tar.js'
import { Place } from './support/place.js'

type Entries = readonly (Header | Buffer)[]

const link = (name: string, target: string): Header => ({ name, type: '2', target })
const hard = (name: string, target: string): Header => ({ name, type: '1', target })
const directory = (name: string): Header => ({ name, type: '5' })
const file = (name: string, content = 'evil'): Header => ({ name, content })

/** Archives that try to get out, and where what they write has to be instead. Undefined: refused as unsafe. */
const escapes: Readonly<Record<string, readonly [Entries, string | undefined]>> = {
  'a name with ..': [[file('../canary/evil')], undefined],
  'a name with .. inside': [[directory('a'), file('a/../../canary/evil')], undefined],
  'an absolute name': [[file('/evil')], 'evil'],
  'a link out, and a file through it': [
    [link('out', '../canary'), file('out/evil')],
    'canary/evil',
  ],
  'an absolute link, and a file through it': [
    [link('out', '/canary'), file('out/evil')],
    'canary/evil',
  ],
  'a link to a link out': [
    [link('a', '../..'), link('b', 'a/canary'), file('b/evil')],
    'canary/evil',
  ],
  'a file over a link out': [[link('secret', '../canary/secret'), file('secret')], 'secret'],
  'a directory over a link out': [
    [link('out', '../canary'), directory('out'), file('out/evil')],
    'out/evil',
  ],
  'a link through /proc': [
    [link('p', '/proc/self/root/tmp'), file('p/evil')],
    'proc/self/root/tmp/evil',
  ],
}

const refused: Readonly<Record<string, readonly [Entries, RegExp]>> = {
  'a link in the place of the root': [[link('.', '/tmp')], /UNSAFE/],
  'a link in the place of the root, with a slash': [[link('/.', '/tmp')], /UNSAFE/],
  'a file in the place of the root': [[file('./')], /CORRUPT|UNSAFE/],
  'a hard link out of the root': [[hard('x', '../canary/secret')], /UNSAFE|CORRUPT/],
  'a hard link to an absolute name outside': [[hard('x', '/canary/secret')], /CORRUPT/],
  'a hard link through a link out': [
    [link('out', '../canary'), hard('x', 'out/secret')],
    /CORRUPT/,
  ],
  'a hard link to nothing': [[hard('x', 'y')], /CORRUPT/],
  'a file below a file': [[file('a'), file('a/b')], /UNSAFE/],
  'a whiteout': [[file('.wh.etc', '')], /UNSAFE/],
  'an opaque mark': [[file('.wh..wh..opq', '')], /UNSAFE/],
  'a device 0:0': [[{ name: 'x', type: '3' }], /UNSAFE/],
  'a name that holds a NUL in its extended header': [
    [paxHeader({ path: 'a\0b' }), file('x')],
    /CORRUPT/,
  ],
  'an empty name': [[file('')], /CORRUPT/],
  'a type that nobody knows': [[{ name: 'x', type: 'Z' }], /CORRUPT/],
  'a directory with content': [[{ name: 'd', type: '5', content: 'x' }], /CORRUPT/],
  'a link with content': [[{ name: 'l', type: '2', target: 'x', content: 'x' }], /CORRUPT/],
  'a size below 0 in its extended header': [[paxHeader({ size: '-1' }), file('x')], /CORRUPT/],
  'a size that is no number in its extended header': [
    [paxHeader({ size: '1x' }), file('x')],
    /CORRUPT/,
  ],
  'an extended header and a GNU name for the same entry': [
    [paxHeader({ path: 'a' }), { name: '././@LongLink', type: 'L', content: 'b\0' }, file('x')],
    /CORRUPT/,
  ],
  'two extended headers for one entry': [
    [paxHeader({ path: 'a' }), paxHeader({ path: 'b' }), file('x')],
    /CORRUPT/,
  ],
  'an extended header at the end': [[paxHeader({ path: 'a' })], /CORRUPT/],
  'an extended header whose records do not fit': [
    [{ name: 'pax', type: 'x', content: '99 path=a\n' }, file('x')],
    /CORRUPT/,
  ],
  'an entry after the end mark': [[Buffer.alloc(512), file('x')], /CORRUPT/],
  'a size in its header that is negative': [
    [{ name: 'x', size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }],
    /CORRUPT/,
  ],
}

describe('hostile archives', function () {
  this.timeout(60_000)
  const launcher = withLauncher()

  for (const [what, [entries, where]] of Object.entries(escapes)) {
    it(`do not get out by ${what}`, async () => {
      // its end looks at what nobody may touch
      await using place = await Place.open(launcher())
      const unpacking = place.unpack(tarOf(...entries))
      if (where === undefined)
        expect((await rejected(unpacking)).code).to.equal('ERR_ARCHIVE_UNSAFE')
      else {
        await unpacking
        expect(fs.readFileSync(place.at(where), 'utf8')).to.equal('evil')
      }
    })
  }

  for (const [what, [entries, code]] of Object.entries(refused)) {
    it(`are refused: ${what}`, async () => {
      await using place = await Place.open(launcher())
      expect((await rejected(place.unpack(tarOf(...entries)))).code).to.match(code)
    })
  }

  it('may replace what they made: a file by a directory, a directory by a link', async () => {
    await using place = await Place.open(launcher())
    await place.unpack(
      tarOf(
        file('a', '1'),
        directory('a'),
        file('a/b', '2'),
        directory('c'),
        file('c/d'),
        link('c', 'a'),
        file('c/e', '3'),
      ),
    )
    expect(fs.readdirSync(place.at('a')).toSorted()).to.deep.equal(['b', 'e'])
    expect(fs.readlinkSync(place.at('c'))).to.equal('a')
  })

  it('resolve links inside the root: lib -> /usr/lib, then lib/foo', async () => {
    await using place = await Place.open(launcher())
    await place.unpack(tarOf(link('lib', '/usr/lib'), file('lib/foo', 'foo'), directory('usr/lib')))
    expect(fs.readFileSync(place.at('usr/lib/foo'), 'utf8')).to.equal('foo')
  })

  it('keep a link that a directory is written through where that is wanted', async () => {
    const archive = tarOf(
      directory('usr/bin'),
      link('bin', 'usr/bin'),
      directory('bin'),
      file('bin/sh', 'sh'),
    )
    await using kept = await Place.open(launcher())
    await kept.unpack(archive, { keepLinks: true })
    expect(fs.readlinkSync(kept.at('bin'))).to.equal('usr/bin')
    expect(fs.readFileSync(kept.at('usr/bin/sh'), 'utf8')).to.equal('sh')
    await using replaced = await Place.open(launcher())
    await replaced.unpack(archive)
    expect(fs.lstatSync(replaced.at('bin')).isDirectory()).to.equal(true)
  })

  it('lose attributes that are not theirs to give', async () => {
    await using place = await Place.open(launcher())
    const records = {
      'SCHILY.xattr.user.fine': 'yes',
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.user.overlay.redirect': '/etc',
      'SCHILY.xattr.security.selinux': 'x',
    }
    const { droppedXattrs } = await place.unpack(tarOf(paxHeader(records), file('x')))
    expect(droppedXattrs).to.deep.equal([
      'security.selinux',
      'trusted.overlay.opaque',
      'user.overlay.redirect',
    ])
    const { xattrs } = await place.jail.get(Buffer.from('x'))
    expect([...xattrs.keys()]).to.deep.equal(['user.fine'])
  })

  it('of image layers delete by whiteouts what is below, where that is wanted', async () => {
    await using place = await Place.open(launcher())
    await place.unpack(tarOf(directory('d'), file('d/.wh..wh..opq', ''), file('.wh.gone', '')), {
      whiteouts: 'overlay',
    })
    const gone = await place.jail.get(Buffer.from('gone'))
    expect(gone.status.mode & 0o170000).to.equal(0o020000)
    expect(gone.device).to.deep.equal({ major: 0, minor: 0 })
    for (const name of ['.wh.', '.wh..', '.wh...']) {
      const bad = place.unpack(tarOf(file(name, '')), { whiteouts: 'overlay' })
      expect((await rejected(bad)).code, name).to.equal('ERR_ARCHIVE_UNSAFE')
    }
  })
})
