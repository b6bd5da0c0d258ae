import type {
  FieldKind,
  FieldTable,
  ReplyName,
  ReplyTypes,
  RequestName,
  RequestTypes,
} from './protocol.generated.js'
import { replyTable, requestTable } from './protocol.generated.js'

/** Bytes before a frame's body: u32 length of the body, u32 type. */
export const FRAME_HEADER_BYTES = 8

type Value = number | bigint | string | Uint8Array | readonly string[]

/** A frame that does not follow the protocol. Only the launcher client sees it. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame'
}

/** A request that does not fit its own table is our fault, not the caller's. */
function misfit(kind: FieldKind, value: unknown): TypeError {
  return new TypeError(`a field of kind ${kind} got ${typeof value}`)
}

/** Names of files may be bytes that are no text. */
function textOf(value: unknown): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  throw misfit('str', value)
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw misfit('bytes', value)
}

function textsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw misfit('strs', value)
}

function sizeOf(kind: FieldKind, value: unknown): number {
  if (kind === 'u32') return 4
  if (kind === 'u64') return 8
  if (kind === 'bytes') return 4 + bytesOf(value).length
  if (kind === 'str') return 5 + Buffer.byteLength(textOf(value))
  return textsOf(value).reduce<number>(
    (size, text) => size + 5 + Buffer.byteLength(textOf(text)),
    4,
  )
}

function writeText(frame: Buffer, at: number, text: string | Uint8Array): number {
  if (typeof text !== 'string') frame.set(text, at + 4)
  const end = at + 4 + (typeof text === 'string' ? frame.write(text, at + 4) : text.length)
  frame.writeUInt32LE(end - at - 4, at)
  frame[end] = 0
  return end + 1
}

function writeBytes(frame: Buffer, at: number, bytes: Uint8Array): number {
  frame.set(bytes, at + 4)
  return frame.writeUInt32LE(bytes.length, at) + bytes.length
}

function writeField(frame: Buffer, at: number, kind: FieldKind, value: unknown): number {
  if (kind === 'u32' && typeof value === 'number') return frame.writeUInt32LE(value, at)
  if (kind === 'u64' && typeof value === 'bigint') return frame.writeBigUInt64LE(value, at)
  if (kind === 'bytes') return writeBytes(frame, at, bytesOf(value))
  if (kind === 'str') return writeText(frame, at, textOf(value))
  if (kind !== 'strs') throw misfit(kind, value)
  const texts = textsOf(value)
  let end = frame.writeUInt32LE(texts.length, at)
  for (const text of texts) end = writeText(frame, end, textOf(text))
  return end
}

/** Bytes of a frame, header included. */
export function frameBytes(fields: FieldTable, values: object): number {
  let size = FRAME_HEADER_BYTES
  for (const [field, kind] of fields) size += sizeOf(kind, Reflect.get(values, field))
  return size
}

/** A frame of `size` bytes into a buffer that has room for it. */
export function writeFrame(
  into: Buffer,
  start: number,
  size: number,
  type: number,
  fields: FieldTable,
  values: object,
): void {
  let at = into.writeUInt32LE(type, into.writeUInt32LE(size - FRAME_HEADER_BYTES, start))
  for (const [field, kind] of fields) at = writeField(into, at, kind, Reflect.get(values, field))
}

/** A frame, header included, of fields by their table, in any direction. */
export function encodeFrame(type: number, fields: FieldTable, values: object): Buffer {
  const size = frameBytes(fields, values)
  const frame = Buffer.allocUnsafe(size)
  writeFrame(frame, 0, size, type, fields, values)
  return frame
}

/** One request as a frame. */
export function encodeRequest<N extends RequestName>(name: N, request: RequestTypes[N]): Buffer {
  const { type, fields } = requestTable[name]
  return encodeFrame(type, fields, request)
}

/** Reads fields one after another; a field that reaches past the end is a MalformedFrame. */
class FieldReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#at = 0
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  read(kind: FieldKind): Value {
    if (kind === 'u32') return this.#u32()
    if (kind === 'u64') return this.#bytes.readBigUInt64LE(this.#take(8))
    if (kind === 'str') return this.#text()
    const length = this.#u32()
    if (kind === 'bytes') {
      const at = this.#take(length)
      return this.#bytes.subarray(at, at + length)
    }
    if (length * 5 > this.left) throw new MalformedFrame('a list is longer than its frame')
    return Array.from({ length }, () => this.#text())
  }

  #take(size: number): number {
    const at = this.#at
    if (size > this.#bytes.length - at) throw new MalformedFrame('a field reaches past its frame')
    this.#at = at + size
    return at
  }

  #u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  #text(): string {
    const length = this.#u32()
    const at = this.#take(length + 1)
    if (this.#bytes[at + length] !== 0) throw new MalformedFrame('a string does not end in NUL')
    return this.#bytes.toString('utf8', at, at + length)
  }
}

/** Fields of a body by their table, in any direction; the whole body must be used up. */
export function decodeFields(fields: FieldTable, body: Buffer): Record<string, Value> {
  const reader = new FieldReader(body)
  const values: Record<string, Value> = {}
  for (const [field, kind] of fields) values[field] = reader.read(kind)
  if (reader.left > 0) throw new MalformedFrame(`${reader.left} bytes too many`)
  return values
}

/** A reply, decoded, with its name in the protocol. */
export type Reply = { readonly [N in ReplyName]: { readonly name: N } & ReplyTypes[N] }[ReplyName]

const repliesByType = new Map<number, readonly [string, FieldTable]>()
for (const [name, { type, fields }] of Object.entries(replyTable))
  repliesByType.set(type, [name, fields])

/** The table that made the values made the type too. */
function isReply(values: object): values is Reply {
  return Object.hasOwn(values, 'name')
}

/**
 * Decodes one reply. Byte fields are views of `body`.
 * @throws MalformedFrame when the launcher broke the protocol
 */
export function decodeReply(type: number, body: Buffer): Reply {
  const entry = repliesByType.get(type)
  if (!entry) throw new MalformedFrame(`no reply has type ${type}`)
  const [name, fields] = entry
  const values = { name, ...decodeFields(fields, body) }
  if (!isReply(values)) throw new MalformedFrame(`reply ${type} has no name`)
  return values
}
