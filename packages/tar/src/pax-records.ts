import { archiveError } from './archive-error.js'

/** Records of an extended header, in their order: a key may come more than once. */
export type PaxRecords = readonly (readonly [key: string, value: Buffer])[]

/** Keys that may come again: old sparse maps are made so. */
const repeatable: ReadonlySet<string> = new Set(['GNU.sparse.offset', 'GNU.sparse.numbytes'])

/** Digits, a space; the length counts them, the key, `=`, the value and the newline. */
function recordLength(
  bytes: Buffer,
  at: number,
): { readonly length: number; readonly start: number } | undefined {
  let length = 0
  let i = at
  for (; i < bytes.length && i - at < 10; i++) {
    const digit = (bytes[i] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    length = length * 10 + digit
  }
  return i === at || bytes[i] !== 0x20 ? undefined : { length, start: i + 1 }
}

/**
 * `<length> <key>=<value>\n`, one after another up to the last byte (POSIX pax, "pax Extended Header").
 * @throws CaissonError ERR_ARCHIVE_CORRUPT: what one reader guesses, another guesses differently
 */
export function parsePax(bytes: Buffer, offset: number): PaxRecords {
  const records: (readonly [string, Buffer])[] = []
  const seen = new Set<string>()
  const corrupt = (why: string): Error =>
    archiveError('ERR_ARCHIVE_CORRUPT', offset, undefined, `its extended header ${why}`)
  for (let at = 0; at < bytes.length;) {
    const head = recordLength(bytes, at)
    const end = at + (head?.length ?? 0)
    if (head === undefined || end > bytes.length || end <= head.start || bytes[end - 1] !== 0x0a)
      throw corrupt(`has no whole record at byte ${at}`)
    const equals = bytes.indexOf(0x3d, head.start)
    if (equals <= head.start || equals >= end)
      throw corrupt(`has a record without a key at byte ${at}`)
    const key = bytes.toString('utf8', head.start, equals)
    if (key.includes('\0')) throw corrupt('has a key with a NUL')
    if (seen.has(key) && !repeatable.has(key)) throw corrupt(`says ${key} twice`)
    seen.add(key)
    records.push([key, bytes.subarray(equals + 1, end - 1)])
    at = end
  }
  return records
}

/** One record; its length counts its own digits. */
function formatRecord(key: string, value: string | Uint8Array): Buffer {
  const start = ` ${key}=`
  const rest = Buffer.byteLength(start) + Buffer.byteLength(value) + 1
  let length = rest + 1
  while (String(length).length + rest !== length) length = String(length).length + rest
  if (typeof value === 'string') return Buffer.from(`${length}${start}${value}\n`)
  return Buffer.concat([Buffer.from(`${length}${start}`), value, Buffer.from('\n')])
}

/** An extended header's content, in the order of the bytes of its keys. */
export function formatPax(records: ReadonlyMap<string, string | Uint8Array>): Buffer {
  const [only, ...others] = records
  if (only !== undefined && others.length === 0) return formatRecord(...only)
  const keys = [...records.keys()].toSorted((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  return Buffer.concat(keys.map((key) => formatRecord(key, records.get(key) ?? '')))
}
