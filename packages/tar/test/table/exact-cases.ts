import { paxHeader, tarEntry, tarOf, type Header } from '../support/make-tar.js'
import { holds, type TableCase } from './table-case.js'

const FILE = 0o100000
const DIRECTORY = 0o040000
const longName = `${'directory/'.repeat(30)}${'n'.repeat(100)}`
const longTarget = `/${'t'.repeat(299)}`
const raw = 'raw-\xff\xfe\n'
/** The kernel's: version 2, effective, CAP_NET_RAW. */
const capability = '0100000200200000000000000000000000000000'

const file = (name: string | Buffer, more: Partial<Header> = {}): Header => ({
  name,
  content: 'content',
  ...more,
})
const directory = (name: string, more: Partial<Header> = {}): Header => ({
  name,
  type: '5',
  ...more,
})
const link = (name: string | Buffer, target: string): Header => ({ name, type: '2', target })

function gnuLong(type: 'K' | 'L', text: string): Buffer {
  return tarEntry({ name: '././@LongLink', type, content: `${text}\0` })
}

const ways: Readonly<Record<string, readonly [string, Buffer]>> = {
  PAX: ['PAX', paxHeader({ path: longName })],
  GNU: ['GNU', gnuLong('L', longName)],
}

/** Base-256, as GNU tar writes what octal digits cannot hold. */
function base256(value: number, length: number): string {
  let digits = ''
  for (let rest = value, i = 1; i < length; i++, rest = Math.floor(rest / 256))
    digits = String.fromCharCode(rest % 256) + digits
  return `\x80${digits}`
}

/** What an archive says, and what has to be there. */
export const exactCases: readonly TableCase[] = [
  {
    name: 'set-user-ID, set-group-ID and sticky bits',
    archive: () =>
      tarOf(
        file('su', { mode: '0004755' }),
        file('sg', { mode: '0002711' }),
        directory('d', { mode: '0003775' }),
      ),
    fault: holds({
      su: { mode: FILE + 0o4755 },
      sg: { mode: FILE + 0o2711 },
      d: { mode: DIRECTORY + 0o3775 },
    }),
  },
  {
    name: 'owners, of links too',
    rootOnly: true,
    archive: () =>
      tarOf(file('f', { uid: '0002322' }), {
        ...link('l', 'f'),
        uid: '0002322',
      }),
    fault: holds({ f: { uid: 1234 }, l: { uid: 1234 } }),
  },
  {
    name: 'owners 3,000,000 and 2³¹, PAX',
    rootOnly: true,
    archive: () => tarOf(paxHeader({ uid: '3000000', gid: '2147483648' }), file('f')),
    fault: holds({ f: { uid: 3_000_000, gid: 2 ** 31, content: 'content' } }),
  },
  {
    name: 'owner 3,000,000, GNU base-256',
    rootOnly: true,
    archive: () => tarOf(file('f', { uid: base256(3_000_000, 8), magic: 'ustar  \0' })),
    fault: holds({ f: { uid: 3_000_000 } }),
  },
  {
    name: 'character and block devices',
    rootOnly: true,
    archive: () =>
      tarOf(
        { name: 'c', type: '3', major: '0000005', minor: '0000001' },
        { name: 'b', type: '4', major: '0000007', minor: '0000454' },
      ),
    fault: holds({ c: { mode: 0o020644, device: '5:1' }, b: { mode: 0o060644, device: '7:300' } }),
  },
  {
    name: 'FIFO',
    archive: () => tarOf({ name: 'p', type: '6', mode: '0000620' }),
    fault: holds({ p: { mode: 0o010620 } }),
  },
  {
    name: 'hard link to a file',
    archive: () => tarOf(file('a'), { name: 'b', type: '1', target: 'a' }),
    fault: holds({ b: { same: 'a', links: 2, content: 'content' } }),
  },
  {
    name: 'hard link to a link, which leads nowhere',
    archive: () => tarOf(link('a', 'nowhere'), { name: 'b', type: '1', target: 'a' }),
    fault: holds({ b: { same: 'a', links: 2, target: 'nowhere' } }),
  },
  {
    name: 'directory of mode 0555, filled afterwards',
    archive: () => tarOf(directory('d', { mode: '0000555' }), file('d/f'), file('d/g')),
    fault: holds({ d: { mode: DIRECTORY + 0o555 }, 'd/g': { content: 'content' } }),
  },
  {
    name: 'times of directories, filled afterwards',
    archive: () =>
      tarOf(directory('d'), directory('d/e'), file('d/e/f'), file('d/g'), file('d/e/h')),
    fault: holds({
      d: { mtimeNs: 1_700_000_000_000_000_000n },
      'd/e': { mtimeNs: 1_700_000_000_000_000_000n },
    }),
  },
  {
    name: 'times to the nanosecond, of links too, and before 1970',
    archive: () =>
      tarOf(
        paxHeader({ mtime: '1234567890.123456789' }),
        file('f'),
        paxHeader({ mtime: '1234567890.000000001' }),
        link('l', 'f'),
        paxHeader({ mtime: '-1.5' }),
        file('old'),
      ),
    fault: holds({
      f: { mtimeNs: 1_234_567_890_123_456_789n },
      l: { mtimeNs: 1_234_567_890_000_000_001n },
      old: { mtimeNs: -1_500_000_000n },
    }),
  },
  ...Object.values(ways).map(([dialect, header]): TableCase => ({
    name: `name of 400 bytes, ${dialect}`,
    archive: () => tarOf(header, file('short')),
    fault: holds({ [longName]: { content: 'content' }, short: null }),
  })),
  {
    name: 'target of 300 bytes, PAX and GNU',
    archive: () =>
      tarOf(
        paxHeader({ linkpath: longTarget }),
        link('p', 'short'),
        gnuLong('K', longTarget),
        link('g', 'short'),
      ),
    fault: holds({ p: { target: longTarget }, g: { target: longTarget } }),
  },
  {
    name: 'names and targets that are no UTF-8',
    archive: () =>
      tarOf(
        file(Buffer.from(raw, 'latin1')),
        link('l', raw),
        paxHeader({ path: 'pax-\xff\xfe' }),
        file('x'),
      ),
    fault: holds({
      [raw]: { content: 'content' },
      l: { target: raw },
      'pax-\xff\xfe': { content: 'content' },
    }),
  },
  {
    name: 'extended attributes, of directories too',
    archive: () =>
      tarOf(
        paxHeader({ 'SCHILY.xattr.user.one': '\x00\xff' }),
        file('f'),
        paxHeader({ 'SCHILY.xattr.user.two': '2' }),
        directory('d'),
      ),
    fault: holds({ f: { xattrs: { 'user.one': '00ff' } }, d: { xattrs: { 'user.two': '32' } } }),
  },
  {
    name: 'security.capability',
    rootOnly: true,
    archive: () =>
      tarOf(
        paxHeader({
          'SCHILY.xattr.security.capability': Buffer.from(capability, 'hex').toString('latin1'),
        }),
        file('f', { uid: '0002322' }),
      ),
    fault: holds({ f: { xattrs: { 'security.capability': capability }, uid: 1234 } }),
  },
  {
    name: 'a file that becomes a directory, a directory that becomes a file',
    archive: () =>
      tarOf(
        file('a'),
        directory('a'),
        file('a/b'),
        directory('c'),
        file('c/d'),
        file('c', { content: 'file' }),
      ),
    fault: holds({ 'a/b': { content: 'content' }, c: { mode: FILE + 0o644, content: 'file' } }),
  },
  {
    name: 'a file over a link: the link goes, its target stays',
    archive: () =>
      tarOf(file('t', { content: 'old' }), link('l', 't'), file('l', { content: 'new' })),
    fault: holds({
      t: { content: 'old', mode: FILE + 0o644 },
      l: { content: 'new', mode: FILE + 0o644 },
    }),
  },
  {
    name: 'lib → /usr/lib, then lib/foo: inside the root',
    archive: () =>
      tarOf(directory('usr'), directory('usr/lib'), link('lib', '/usr/lib'), file('lib/foo')),
    fault: holds({ 'usr/lib/foo': { content: 'content' }, lib: { target: '/usr/lib' } }),
  },
  {
    name: 'directories that the archive leaves out',
    archive: () => tarOf(file('x/y/z')),
    fault: holds({ 'x/y/z': { content: 'content' } }),
  },
]
