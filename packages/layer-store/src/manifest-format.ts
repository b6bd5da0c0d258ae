import type { Manifest, ManifestEntry, ManifestIds, ManifestType } from './manifest-entry.js'
import { parentPath } from './manifest-entry.js'

const FORMAT = 'caisson-manifest'
const VERSION = 1
/** A line with a name and a target of 4095 bytes each, all of them escaped, and 128 KiB of attributes in base64. */
const LINE_BYTES = 256 * 1024
const hex = /^[0-9a-f]{64}$/
const decimal = /^-?[0-9]{1,19}$/
const octal = /^[0-7]{1,4}$/
/** An empty part, `.` or `..`; and what no name holds. */
// oxlint-disable-next-line no-control-regex -- NUL is the one character that no name can hold
const untidy = /(?:^|\/)\.{0,2}(?:\/|$)|\0|[^\0-\xff]/
const types: ReadonlySet<string> = new Set<ManifestType>([
  'file',
  'directory',
  'symlink',
  'fifo',
  'character',
  'block',
  'socket',
])

type Fields = Readonly<Record<string, unknown>>

/** One line; what an entry of its type has not is left out. */
function formatEntry(entry: ManifestEntry): string {
  const { path, type, link, target, device, digest } = entry
  if (link !== undefined) return JSON.stringify({ path, type, link })
  return JSON.stringify({
    path,
    type,
    mode: entry.mode.toString(8),
    uid: entry.uid,
    gid: entry.gid,
    mtime: String(entry.mtimeNs),
    ...(type === 'file' && { size: entry.size, sha256: digest }),
    ...(target !== undefined && { target }),
    ...(device !== undefined && { device: [device.major, device.minor] }),
    ...(entry.xattrs.length > 0 && { xattrs: entry.xattrs }),
  })
}

/** A manifest as it lies on the disk: a line of JSON that says what it is, and one for each entry. */
export function formatManifest(manifest: Manifest): string {
  const { layer, ids, xattrs, entries } = manifest
  const head = { format: FORMAT, version: VERSION, layer, ids, xattrs, entries: entries.length }
  const lines = [JSON.stringify(head), ...entries.map(formatEntry)]
  return `${lines.join('\n')}\n`
}

function fieldsOf(line: string): Fields {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new Error('a line is no object')
  return { ...value }
}

function number(value: unknown, what: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max)
    return value
  throw new Error(`${what} is no number in range`)
}

function text(value: unknown, what: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value
  throw new Error(`${what} is malformed`)
}

function isType(value: unknown): value is ManifestType {
  return typeof value === 'string' && types.has(value)
}

function isIds(value: unknown): value is ManifestIds {
  return value === 'host' || value === 'range' || value === 'own'
}

function parsePath(value: unknown): string {
  if (value === '') return value
  if (typeof value === 'string' && value.length <= 65_535 && !untidy.test(value)) return value
  throw new Error('a name is malformed')
}

function parseXattrs(value: unknown): ManifestEntry['xattrs'] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error('attributes are no list')
  return value.map((pair: unknown) => {
    const [name, content]: readonly unknown[] = Array.isArray(pair) ? pair : []
    return [
      text(name, 'the name of an attribute', /^[^\0]{1,255}$/),
      text(content, 'the value of an attribute', /^[A-Za-z0-9+/]*={0,2}$/),
    ] as const
  })
}

function parseDevice(value: unknown): ManifestEntry['device'] {
  const [major, minor]: readonly unknown[] = Array.isArray(value) ? value : []
  return { major: number(major, 'a device'), minor: number(minor, 'a device') }
}

function parseEntry(line: string, known: ReadonlyMap<string, ManifestEntry>): ManifestEntry {
  const fields = fieldsOf(line)
  const path = parsePath(fields['path'])
  const { type, link } = fields
  if (!isType(type)) throw new Error('an unknown type')
  if (link !== undefined) {
    const first = typeof link === 'string' ? known.get(link) : undefined
    if (first === undefined || first.type !== type || type === 'directory' || first.link)
      throw new Error('a link to what is not there')
    return { ...first, path, link: first.path }
  }
  const target = fields['target']
  if ((type === 'symlink') !== (typeof target === 'string')) throw new Error('a target is missing')
  return {
    path,
    type,
    mode: Number.parseInt(text(fields['mode'], 'a mode', octal), 8),
    uid: number(fields['uid'], 'an owner', 2 ** 32 - 1),
    gid: number(fields['gid'], 'a group', 2 ** 32 - 1),
    size: type === 'file' ? number(fields['size'], 'a size') : 0,
    mtimeNs: BigInt(text(fields['mtime'], 'a time', decimal)),
    digest: type === 'file' ? text(fields['sha256'], 'a digest', hex) : undefined,
    target: typeof target === 'string' ? target : undefined,
    device: type === 'character' || type === 'block' ? parseDevice(fields['device']) : undefined,
    xattrs: parseXattrs(fields['xattrs']),
    link: undefined,
  }
}

/** The lines, none of them too long. */
function* linesOf(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    if (end < 0 || end - at > LINE_BYTES) throw new Error('a line has no end')
    yield bytes.toString('utf8', at, end)
    at = end + 1
  }
}

/**
 * A manifest off the disk, which may hold anything. Each entry is in a directory that came before it, once.
 * @throws Error that says what is wrong with it
 */
export function parseManifest(bytes: Buffer, layer: string): Manifest {
  const lines = linesOf(bytes)
  const first = lines.next()
  const head = first.done === true ? {} : fieldsOf(first.value)
  const { format, version, ids, xattrs, entries: count } = head
  if (format !== FORMAT || version !== VERSION) throw new Error('it is of another version')
  if (head['layer'] !== layer) throw new Error('it is of another layer')
  if (!isIds(ids) || typeof xattrs !== 'boolean') throw new Error('its first line is malformed')
  const known = new Map<string, ManifestEntry>()
  for (const line of lines) {
    const entry = parseEntry(line, known)
    const { path } = entry
    if (known.has(path)) throw new Error('a name is there twice')
    const above = known.get(parentPath(path))
    if (path === '' ? known.size > 0 || entry.type !== 'directory' : above?.type !== 'directory')
      throw new Error('a name is in no directory')
    known.set(path, entry)
  }
  if (known.size === 0 || known.size !== count) throw new Error('it is cut off')
  return { layer, ids, xattrs, entries: [...known.values()] }
}
