import type { OpenedFile } from '../contracts/file-access.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { checkAbort } from './abort.js'
import type { FileData } from './files.js'

/** Most that is read or written by one request. */
export const CHUNK_BYTES = 256 * 1024

/** What is in a file from an offset on; one chunk is asked for ahead. */
export async function* readContent(
  file: OpenedFile,
  start = 0,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = start
  let next = file.read(at, CHUNK_BYTES)
  for (;;) {
    const chunk = await next
    checkAbort(signal)
    if (chunk.length === 0) return
    at += chunk.length
    next = file.read(at, CHUNK_BYTES)
    // Whoever stops listening has not overlooked its failure.
    next.catch(() => {})
    yield chunk
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (typeof data === 'string') return Buffer.from(data)
  throw invalidArgument({ field: 'data', why: `must be text or bytes, not ${describeType(data)}` })
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}

async function* parts(data: FileData): AsyncGenerator<Uint8Array> {
  if (typeof data === 'string' || data instanceof Uint8Array) yield* chunks(bytesOf(data))
  else for await (const part of data) yield* chunks(bytesOf(part))
}

/**
 * Writes everything, one chunk ahead of the answer; gives the number of bytes.
 * @param room bytes that may be written at most; `tooMuch` makes the error
 */
export async function writeContent(
  file: OpenedFile,
  data: FileData,
  signal?: AbortSignal,
  count: (bytes: number) => void = () => {},
): Promise<void> {
  let last: Promise<void> = Promise.resolve()
  for await (const part of parts(data)) {
    checkAbort(signal)
    count(part.length)
    const before = last
    last = file.write(part)
    last.catch(() => {})
    await before
  }
  await last
}

/**
 * Gathers a file.
 * @throws whatever `tooMuch` makes when it is longer than `most`
 */
export async function gather(
  file: OpenedFile,
  most: number,
  tooMuch: () => Error,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (file.status.size > most) throw tooMuch()
  if (file.status.size < CHUNK_BYTES) {
    // One request for a small file that is as long as it says; files of /proc are longer.
    const whole = await file.read(0, CHUNK_BYTES)
    if (whole.length <= most && whole.length === file.status.size && whole.length > 0)
      return Buffer.from(whole.buffer, whole.byteOffset, whole.length)
  }
  const gathered: Uint8Array[] = []
  let size = 0
  for await (const chunk of readContent(file, 0, signal)) {
    size += chunk.length
    if (size > most) throw tooMuch()
    gathered.push(chunk)
  }
  return Buffer.concat(gathered, size)
}
