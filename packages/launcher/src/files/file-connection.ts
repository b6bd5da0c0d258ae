import { Socket } from 'node:net'
import { CaissonError, fileError } from '@caisson/core'
import type { ProcessStart } from '@caisson/core'
import type { DirectOutput } from '../direct-output.js'
import { FrameParser } from '../frame-parser.js'
import type { FileName, FileTypes } from '../protocol.generated.js'
import { NONE, fileTable } from '../protocol.generated.js'
import { SendBuffers } from './send-buffers.js'

/** Most the server reads or writes at once; it has this much room for an answer. */
export const FILE_CHUNK_BYTES = 256 * 1024
/** In a request's type: it is not answered. */
const UNANSWERED = 0x8000_0000
/** How long a server that is not asked anything stays. */
const IDLE_MS = 10_000

interface Waiting {
  readonly name: FileName
  readonly path: Uint8Array
  readonly memory: ((length: number) => Buffer) | undefined
  resolve(body: Buffer): void
  reject(error: unknown): void
}

/** A running file server: requests go in, answers come back in their order. Keeps Node alive only while one is missing. */
export class FileConnection {
  readonly #input: Socket
  readonly #output: Socket
  readonly #sending: SendBuffers
  readonly #onEvents: ((body: Buffer) => void) | undefined
  readonly #onEnd: (error: CaissonError) => void
  #waiting: Waiting[] = []
  #idle: NodeJS.Timeout | undefined
  #ended: CaissonError | undefined
  /** Held open by who has files open, or watches. */
  #holds = 0

  /** @param output that of the command that has started */
  constructor(
    start: ProcessStart,
    output: DirectOutput,
    onEnd: (error: CaissonError) => void,
    onEvents?: (body: Buffer) => void,
  ) {
    const { stdin, stdout } = start
    if (!(stdin instanceof Socket) || !(stdout instanceof Socket)) throw gone('it has no streams')
    this.#input = stdin
    this.#output = stdout
    this.#sending = new SendBuffers(stdin)
    this.#onEnd = onEnd
    this.#onEvents = onEvents
    const parser = new FrameParser(
      FILE_CHUNK_BYTES,
      (status, body) => this.#answer(status, body),
      (status, length) => this.#memory(status, length),
    )
    output.onBytes = (bytes) => {
      try {
        parser.push(bytes)
      } catch (error) {
        this.end(gone('it broke the protocol', error))
      }
    }
    // nothing comes by way of the stream but its end
    stdout.resume()
    stdout.on('error', (error) => this.end(gone('its answers cannot be read', error)))
    stdout.on('close', () => this.end(gone('it ended')))
    this.#rest()
  }

  get alive(): boolean {
    return this.#ended === undefined
  }

  /** Something of it is in use: it stays, whether asked or not. */
  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    this.#armIdle()
  }

  /**
   * Rejects with ERR_FILE_* about `path`, or ERR_FILE_IO when the server ended.
   * @param memory for the answer. Default: its own
   */
  request<N extends FileName>(
    name: N,
    values: FileTypes[N],
    path: Uint8Array,
    memory?: (length: number) => Buffer,
  ): Promise<Buffer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      const { type, fields } = fileTable[name]
      // first: what is no request throws here
      this.#sending.add(type, fields, values)
      if (this.#waiting.push({ name, path, memory, resolve, reject }) === 1) this.#wake()
    })
  }

  /** Sends what is not answered; `settle` asks what became of it. */
  tell<N extends FileName>(name: N, values: FileTypes[N]): void {
    if (this.#ended !== undefined) return
    const { type, fields } = fileTable[name]
    this.#sending.add((type | UNANSWERED) >>> 0, fields, values)
  }

  /** Ends the server; what is missing fails with `error`. */
  end(error: CaissonError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    clearTimeout(this.#idle)
    this.#input.destroy()
    this.#output.destroy()
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    this.#onEnd(error)
  }

  #memory(status: number, length: number): Buffer {
    const memory = status === 0 ? this.#waiting[0]?.memory : undefined
    return memory?.(length) ?? Buffer.allocUnsafe(length)
  }

  #answer(status: number, body: Buffer): void {
    if (status === NONE) return this.#onEvents?.(body)
    const waiting = this.#waiting.shift()
    if (!waiting) return this.end(gone('it answered what was not asked'))
    if (this.#waiting.length === 0) this.#rest()
    if (status === 0) return waiting.resolve(body)
    return waiting.reject(fileError(status, waiting.name, waiting.path))
  }

  #wake(): void {
    clearTimeout(this.#idle)
    this.#input.ref()
    this.#output.ref()
  }

  #rest(): void {
    this.#input.unref()
    this.#output.unref()
    this.#armIdle()
  }

  #armIdle(): void {
    clearTimeout(this.#idle)
    if (this.#holds > 0 || this.#waiting.length > 0 || this.#ended !== undefined) return
    this.#idle = setTimeout(() => this.end(gone('nobody asked it')), IDLE_MS).unref()
  }
}

function gone(why: string, cause?: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_FILE_IO',
    what: 'file server',
    why,
    cause,
    retryable: true,
  })
}
