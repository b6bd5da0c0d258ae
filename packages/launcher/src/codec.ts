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

function sizeOf(kind: FieldKind, value: Value): number {
  switch (kind) {
    case 'u32':
      return 4
    case 'u64':
      return 8
    case 'str':
      return 5 + Buffer.byteLength(value as string)
    case 'bytes':
      return 4 + (value as Uint8Array).length
    case 'strs': {
      let size = 4
      for (const text of value as readonly string[]) size += 5 + Buffer.byteLength(text)
      return size
    }
  }
}

function writeText(frame: Buffer, at: number, text: string): number {
  const end = at + 4 + frame.write(text, at + 4)
  frame.writeUInt32LE(end - at - 4, at)
  frame[end] = 0
  return end + 1
}

function writeField(frame: Buffer, at: number, kind: FieldKind, value: Value): number {
  switch (kind) {
    case 'u32':
      return frame.writeUInt32LE(value as number, at)
    case 'u64':
      return frame.writeBigUInt64LE(value as bigint, at)
    case 'str':
      return writeText(frame, at, value as string)
    case 'bytes':
      frame.set(value as Uint8Array, at + 4)
      return frame.writeUInt32LE((value as Uint8Array).length, at) + (value as Uint8Array).length
    case 'strs': {
      let end = frame.writeUInt32LE((value as readonly string[]).length, at)
      for (const text of value as readonly string[]) end = writeText(frame, end, text)
      return end
    }
  }
}

/** One request as a frame, header included. */
export function encodeRequest<N extends RequestName>(name: N, request: RequestTypes[N]): Buffer {
  const { type, fields } = requestTable[name]
  // The generated types give every field of the table exactly the type of its kind.
  const values = request as unknown as Readonly<Record<string, Value>>
  let size = 0
  for (const [field, kind] of fields) size += sizeOf(kind, values[field] as Value)
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + size)
  let at = frame.writeUInt32LE(type, frame.writeUInt32LE(size, 0))
  for (const [field, kind] of fields) at = writeField(frame, at, kind, values[field] as Value)
  return frame
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
    switch (kind) {
      case 'u32':
        return this.#u32()
      case 'u64':
        return this.#bytes.readBigUInt64LE(this.#take(8))
      case 'str':
        return this.#text()
      case 'bytes': {
        const length = this.#u32()
        const at = this.#take(length)
        return this.#bytes.subarray(at, at + length)
      }
      case 'strs': {
        const count = this.#u32()
        if (count * 5 > this.left) throw new MalformedFrame('a list is longer than its frame')
        return Array.from({ length: count }, () => this.#text())
      }
    }
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

const repliesByType = new Map<number, readonly [ReplyName, FieldTable]>()
for (const [name, { type, fields }] of Object.entries(replyTable)) {
  repliesByType.set(type, [name as ReplyName, fields])
}

/**
 * Decodes one reply. Byte fields are views of `body`.
 * @throws MalformedFrame when the launcher broke the protocol
 */
export function decodeReply(type: number, body: Buffer): Reply {
  const entry = repliesByType.get(type)
  if (!entry) throw new MalformedFrame(`no reply has type ${type}`)
  const [name, fields] = entry
  const values = decodeFields(fields, body)
  values['name'] = name
  // The table that made the type made the fields too.
  return values as unknown as Reply
}
