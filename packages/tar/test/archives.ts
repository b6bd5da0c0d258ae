/** Archives by hand: those that no honest program makes. */
export interface RawEntry {
  readonly name: string
  /** typeflag; default '0'. */
  readonly flag?: string
  readonly target?: string
  readonly content?: Buffer | string
  readonly mode?: number
  readonly uid?: number
  /** In place of the content's own. */
  readonly size?: string
  readonly magic?: string
  readonly checksum?: string
  readonly major?: number
  readonly minor?: number
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

export function raw(entry: RawEntry): Buffer {
  const { name, flag = '0', target = '', mode = 0o644, uid = 0, magic = 'ustar\x0000' } = entry
  const content = Buffer.from(entry.content ?? '')
  const header = Buffer.alloc(512)
  header.write(name, 0, 100, 'latin1')
  header.write(octal(mode, 7), 100)
  header.write(octal(uid, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(entry.size ?? octal(content.length, 11), 124, 12, 'latin1')
  header.write(octal(1_700_000_000, 11), 136)
  header.write('        ', 148)
  header.write(flag, 156)
  header.write(target, 157, 100, 'latin1')
  header.write(magic, 257, 'latin1')
  header.write(octal(entry.major ?? 0, 7), 329)
  header.write(octal(entry.minor ?? 0, 7), 337)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(entry.checksum ?? `${octal(sum, 6)}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

/** A record of an extended header, its length its own. */
export function record(key: string, value: string): string {
  const body = ` ${key}=${value}\n`
  const size = Buffer.byteLength(body)
  let length = size + 1
  while (`${length}`.length + size !== length) length = `${length}`.length + size
  return `${length}${body}`
}

export function pax(...records: readonly (readonly [string, string])[]): Buffer {
  const content = records.map(([key, value]) => record(key, value)).join('')
  return raw({ name: 'PaxHeaders/x', flag: 'x', content })
}

export const endMark = Buffer.alloc(1024)

/** A whole archive, in chunks of a size that cuts everything. */
export async function* archive(
  parts: readonly Buffer[],
  chunkBytes = 700,
): AsyncGenerator<Buffer, void, void> {
  const all = Buffer.concat([...parts, endMark])
  for (let at = 0; at < all.length; at += chunkBytes) yield all.subarray(at, at + chunkBytes)
  await Promise.resolve()
}

export async function* chunks(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  await Promise.resolve()
}

export async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** The code of a rejection; 'ok' when there is none. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'ok'
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}
