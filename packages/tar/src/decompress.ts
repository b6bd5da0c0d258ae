import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import zlib from 'node:zlib'
import { isCaissonError, trustedProgram, type CaissonError } from '@caisson/core'
import { archiveError } from './archive-error.js'
import { checkAborted } from './check-aborted.js'
import { parseTarLimits, type TarLimits } from './limits.js'
import { asBuffer } from './read-tar.js'

/** How an archive is packed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz'

/** What unpacks zstd and xz: this process, or a program of the host. */
export type Decompressor = 'best' | 'library'

/** How an archive is unpacked. */
export interface DecompressOptions {
  readonly limits?: Partial<Pick<TarLimits, 'ratio'>>
  /** Default: by the first bytes. */
  readonly compression?: Compression
  /**
   * `best` (default): zstd by node:zlib where it has it, else by the program `zstd`; xz by the program `xz`; where they are
   * missing by libraries, which are slower. Programs are taken from the system's own directories alone.
   */
  readonly by?: Decompressor
  readonly signal?: AbortSignal
  /** Told of each chunk of the compressed archive. */
  readonly onRead?: (chunk: Uint8Array) => void
  /** Told what it is, before anything comes out. */
  readonly onCompression?: (compression: Compression) => void
}

/** Bytes that come out before the ratio is looked at: what is small may be as dense as it likes. */
const RATIO_FROM = 64 * 1024 * 1024

const magics: readonly (readonly [Compression, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
]

/** By the first bytes, of which six decide. */
export function compressionOf(head: Uint8Array): Compression {
  const bytes = asBuffer(head)
  for (const [name, magic] of magics) if (bytes.subarray(0, magic.length).equals(magic)) return name
  // a frame to be skipped comes first in what some tools write
  if (bytes.length >= 4 && (bytes.readUInt32LE(0) & 0xffff_fff0) >>> 0 === 0x184d_2a50)
    return 'zstd'
  return 'none'
}

async function* from(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* first
    for (;;) {
      const next = await rest.next()
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

/** Failures of the source stay what they are; those of the decompressor are the archive's. */
class Input {
  failure: { readonly error: unknown } | undefined
  read = 0
  readonly #source: AsyncIterable<Uint8Array>

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) {
        this.read += chunk.length
        yield chunk
      }
    } catch (error) {
      this.failure = { error }
      throw error
    }
  }

  explain(error: unknown, compression: Compression): unknown {
    if (this.failure !== undefined) return this.failure.error
    if (isCaissonError(error)) return error
    const why = `its ${compression} data is broken: ${error instanceof Error ? error.message : String(error)}`
    return archiveError('ERR_ARCHIVE_CORRUPT', this.read, undefined, why, error)
  }
}

/** Streams are typed as if they might give text; without an encoding they give bytes. */
function bytesOf(chunk: unknown): Buffer {
  if (chunk instanceof Uint8Array) return asBuffer(chunk)
  throw new TypeError('a stream of bytes gave something else')
}

async function* throughStream(
  input: Input,
  stream: NodeJS.ReadWriteStream,
): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(input.bytes(), stream)
  // it is awaited below; until then its failure is the stream's
  feeding.catch(() => {})
  for await (const chunk of stream) yield bytesOf(chunk)
  await feeding
}

async function* throughProgram(input: Input, path: string): AsyncGenerator<Uint8Array> {
  const child = spawn(path, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/' })
  const ended = once(child, 'close')
  ended.catch(() => {})
  const words: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => {
    if (words.length < 16) words.push(chunk)
  })
  const feeding = pipeline(input.bytes(), child.stdin)
  feeding.catch(() => {})
  try {
    for await (const chunk of child.stdout) yield bytesOf(chunk)
    await ended
    const code = child.exitCode ?? child.signalCode
    if (code !== 0)
      throw new Error(Buffer.concat(words).toString().trim() || `${path} ended with ${code}`)
    // a program that has its end before the input has its own closes the pipe: that is no failure
    await feeding.catch((error: unknown) => {
      if (input.failure !== undefined) throw error
    })
  } finally {
    child.kill('SIGKILL')
    child.stdin.destroy()
  }
}

async function* throughFzstd(input: Input): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd')
  const out: Uint8Array[] = []
  const decoder = new Decompress((chunk) => {
    if (chunk.length > 0) out.push(chunk)
  })
  for await (const chunk of input.bytes()) {
    decoder.push(chunk)
    yield* out.splice(0)
  }
  decoder.push(new Uint8Array(0), true)
  yield* out
}

async function* throughXzLibrary(input: Input): AsyncGenerator<Uint8Array> {
  const { default: library } = await import('xz-decompress')
  const { XzReadableStream } = library
  const stream = new XzReadableStream(ReadableStream.from(input.bytes()))
  for await (const chunk of Readable.fromWeb(stream)) yield bytesOf(chunk)
}

/** node:zlib has it from 22.15 on; the types are those of the oldest version. */
function zstdStream(): NodeJS.ReadWriteStream | undefined {
  const make: unknown = Reflect.get(zlib, 'createZstdDecompress')
  if (typeof make !== 'function') return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is a factory of streams wherever it is a function
  return make() as NodeJS.ReadWriteStream
}

function throughZstd(input: Input, by: Decompressor): AsyncGenerator<Uint8Array> {
  const own = by === 'best' ? zstdStream() : undefined
  if (own !== undefined) return throughStream(input, own)
  const program = by === 'best' ? trustedProgram('zstd') : undefined
  return program === undefined ? throughFzstd(input) : throughProgram(input, program)
}

function throughXz(input: Input, by: Decompressor): AsyncGenerator<Uint8Array> {
  const program = by === 'best' ? trustedProgram('xz') : undefined
  return program === undefined ? throughXzLibrary(input) : throughProgram(input, program)
}

/**
 * What unpacks a compression here: a program of the host (its path), `node:zlib`, or `library`, which takes several times as long.
 * `none` needs nothing.
 */
export function decompressorOf(compression: Compression): string {
  if (compression === 'none') return 'nothing'
  if (compression === 'gzip') return 'node:zlib'
  if (compression === 'zstd' && zstdStream() !== undefined) return 'node:zlib'
  return trustedProgram(compression) ?? 'library'
}

const ways: Readonly<
  Record<Compression, (input: Input, by: Decompressor) => AsyncGenerator<Uint8Array>>
> = {
  none: (input) => input.bytes(),
  gzip: (input) => throughStream(input, zlib.createGunzip({ chunkSize: 256 * 1024 })),
  xz: throughXz,
  zstd: throughZstd,
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array[]> {
  const head: Uint8Array[] = []
  for (let size = 0; size < 6;) {
    const next = await chunks.next()
    if (next.done === true) break
    head.push(next.value)
    size += next.value.length
  }
  return head
}

/**
 * The archive itself out of a compressed one.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_LIMIT (it grows beyond `ratio`), ERR_ABORTED
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  const { ratio } = parseTarLimits(options.limits)
  const chunks = source[Symbol.asyncIterator]()
  const head = await readHead(chunks)
  const compression =
    options.compression ?? compressionOf(Buffer.concat(head.map((one) => one.subarray(0, 6))))
  options.onCompression?.(compression)
  const input = new Input(watched(from(head, chunks), options))
  let out = 0
  try {
    for await (const chunk of ways[compression](input, options.by ?? 'best')) {
      out += chunk.length
      if (out > RATIO_FROM && out > input.read * ratio) throw tooDense(input.read, ratio)
      yield chunk
    }
  } catch (error) {
    throw input.explain(error, compression)
  }
}

async function* watched(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    checkAborted(options.signal)
    options.onRead?.(chunk)
    yield chunk
  }
}

function tooDense(read: number, ratio: number): CaissonError {
  const why = `${read} bytes of it became more than ${ratio} times as many`
  return archiveError('ERR_ARCHIVE_LIMIT', read, undefined, why)
}
