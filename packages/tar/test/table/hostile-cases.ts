import { paxHeader, tarEntry, tarOf, type Header } from '../support/make-tar.js'
import { holds, type TableCase } from './table-case.js'

const link = (name: string, target: string): Header => ({ name, type: '2', target })
const hard = (name: string, target: string): Header => ({ name, type: '1', target })
const directory = (name: string): Header => ({ name, type: '5' })
const file = (name: string, content = 'evil'): Header => ({ name, content })

/** Of a good archive: an extended header, a file of 2000 bytes, its end mark. */
const good = (): Buffer =>
  tarOf(paxHeader({ path: 'long'.repeat(50) }), file('f', 'x'.repeat(2000)), file('g'))

const refused: Readonly<Record<string, () => Buffer>> = {
  'truncated in the content of a file': () => good().subarray(0, 2500),
  'truncated in an extended header': () => good().subarray(0, 700),
  'truncated between two entries: no end mark': () => good().subarray(0, 4608),
  'a header whose checksum is wrong': () => tarOf(file('a'), { ...file('b'), sum: '000000\0 ' }),
  'a size that is no number': () => tarOf({ ...file('a'), size: 'zzzzzzzzzzz' }),
  'an extended header of records that do not fit': () =>
    tarOf({ name: 'pax', type: 'x', content: '99 path=a\n' }, file('x')),
  'two extended headers that contradict each other': () =>
    tarOf(
      paxHeader({ path: 'a' }),
      tarEntry({ name: '././@LongLink', type: 'L', content: 'b\0' }),
      file('x'),
    ),
  'a name that holds a NUL': () => tarOf(paxHeader({ path: 'a\0b' }), file('x')),
  'an entry after the end mark': () => tarOf(file('a'), Buffer.alloc(512), file('b')),
  'a hard link to nothing': () => tarOf(hard('x', 'y')),
  'a hard link out, by ..': () => tarOf(hard('x', '../canary/secret')),
  'a hard link out, through a link': () => tarOf(link('out', '../canary'), hard('x', 'out/secret')),
  'a name that leads out, by ..': () => tarOf(file('../canary/evil')),
  'a name that leads out, by .. inside': () => tarOf(directory('a'), file('a/../../canary/evil')),
  'a link in the place of the root': () => tarOf(link('.', '/tmp'), file('evil')),
  'a file below a file': () => tarOf(file('a'), file('a/b')),
}

const contained: Readonly<Record<string, readonly [readonly Header[], string]>> = {
  'an absolute name': [[file('/evil')], 'evil'],
  'a link out, and a file through it': [
    [link('out', '../canary'), file('out/evil')],
    'canary/evil',
  ],
  'a link out, and a directory over it': [
    [link('out', '../canary'), directory('out'), file('out/evil')],
    'out/evil',
  ],
  'a link to a link out': [
    [link('a', '../..'), link('b', 'a/canary'), file('b/evil')],
    'canary/evil',
  ],
  'a link out, and a file over it': [
    [link('secret', '../canary/secret'), file('secret')],
    'secret',
  ],
}

/** What is broken or hostile: refused, or kept inside where it is no more than unusual. */
export const hostileCases: readonly TableCase[] = [
  ...Object.entries(refused).map(([name, archive]): TableCase => ({ name, archive })),
  ...Object.entries(contained).map(([name, [entries, where]]): TableCase => ({
    name: `${name}: inside the root`,
    archive: () => tarOf(...entries),
    fault: holds({ [where]: { content: 'evil' } }),
  })),
]
