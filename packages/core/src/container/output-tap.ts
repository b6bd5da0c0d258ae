import type { Readable } from 'node:stream'
import type { CommandOutput } from '../contracts/process.js'
import { HeadTail } from './head-tail.js'

/** Takes a command's output as it comes. */
export interface OutputConsumer {
  /** False: it wants no more until it calls `tap.drained`. */
  write(chunk: Uint8Array): boolean
  /** No more will come. */
  end(): void
}

// How long a stream may stay silent after the command's end before it is given up: a grandchild can hold it for ever.
const lingerMs = 100
/** What a tap does besides keeping: hears of what comes, and stops at a limit. */
export interface TapHooks {
  /** Bytes came, or a reader that held the stream up has caught up. */
  activity(): void
  /** More than the bound came: exactly the bound is kept and handed on, and nothing more is taken. Default: no limit. */
  readonly overLimit?: (() => void) | undefined
}

// What is still taken after the command's end although nobody reads: as much as a pipe can hold.
const maxRestBytes = 1024 * 1024

/**
 * One output stream of a command: keeps its head and tail, and hands it to any number of consumers. The slowest one
 * sets the pace: it stalls the pipe, the pipe stalls the command, and nothing piles up here.
 */
export class OutputTap {
  readonly #kept: HeadTail
  readonly #maxBytes: number
  readonly #hooks: TapHooks
  readonly #consumers = new Set<OutputConsumer>()
  readonly #blocked = new Set<OutputConsumer>()
  #source: Readable | undefined
  #ended = false
  #settled: (() => void) | undefined
  #linger: NodeJS.Timeout | undefined
  #restBytes = 0
  #overLimit = false
  #captured: { readonly bytes: Uint8Array; readonly total: number } | undefined

  constructor(maxBytes: number, hooks: TapHooks) {
    this.#kept = new HeadTail(maxBytes)
    this.#maxBytes = maxBytes
    this.#hooks = hooks
  }

  /** Whether it waits for a consumer. */
  get stalled(): boolean {
    return this.#blocked.size > 0
  }

  /** What is kept. */
  bytes(): Uint8Array {
    return this.#captured?.bytes ?? this.#kept.bytes()
  }

  /** Whether the middle is missing. */
  get truncated(): boolean {
    if (this.#captured === undefined) return this.#overLimit || this.#kept.truncated
    return this.#captured.total > this.#captured.bytes.length
  }

  /** Adds a consumer; it first gets what is kept of what came before. */
  attach(consumer: OutputConsumer): void {
    const before = this.bytes()
    this.#consumers.add(consumer)
    if (before.length > 0) this.#write(consumer, before)
    if (this.#ended) consumer.end()
  }

  /** The consumer wants more. */
  drained(consumer: OutputConsumer): void {
    if (!this.#blocked.delete(consumer) || this.#blocked.size > 0) return
    this.#hooks.activity()
    if (!this.#overLimit) this.#source?.resume()
  }

  /** The consumer wants nothing any more. */
  detach(consumer: OutputConsumer): void {
    this.#consumers.delete(consumer)
    this.drained(consumer)
  }

  /** Starts to read from a live stream. */
  connect(source: Readable): void {
    this.#source = source
    source.on('data', (data: Uint8Array) => {
      this.#hooks.activity()
      const chunk = this.#withinLimit(data, source)
      this.#kept.push(chunk)
      if (chunk.length > 0) for (const consumer of this.#consumers) this.#write(consumer, chunk)
      if (this.#overLimit) return
      if (this.#linger !== undefined) this.#takeRest(chunk.length)
      else if (this.#blocked.size > 0) source.pause()
    })
    const end = (): void => this.end()
    // a pipe that breaks has ended: what came is kept, and the command's own end says the rest
    source.once('end', end).once('close', end).once('error', end)
  }

  /** Everything at once: what the launcher captured. */
  complete(bytes: Uint8Array, total: number): void {
    this.#captured = { bytes, total }
    if (bytes.length > 0) for (const consumer of this.#consumers) this.#write(consumer, bytes)
    this.end()
  }

  /** No more comes. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#linger)
    for (const consumer of this.#consumers) consumer.end()
    this.#settled?.()
  }

  /**
   * After the command's end: settles when a live stream has ended too, or stays silent. What is left in the pipe is
   * taken even when a consumer is behind, so that a result never waits for a reader.
   */
  async settle(mode: CommandOutput): Promise<void> {
    if (mode !== 'stream') return
    const source = this.#source
    if (this.#ended || this.#overLimit || source === undefined) {
      this.#giveUp()
      return
    }
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve
    })
    this.#linger = setTimeout(() => this.#giveUp(), lingerMs)
    source.resume()
    await settled
  }

  /** The source is paused rather than destroyed: a command must die of our signal, not of SIGPIPE. */
  #withinLimit(chunk: Uint8Array, source: Readable): Uint8Array {
    const { overLimit } = this.#hooks
    const room = this.#maxBytes - this.#kept.total
    if (overLimit === undefined || chunk.length <= room) return chunk
    source.pause()
    if (!this.#overLimit) overLimit()
    this.#overLimit = true
    // after the command's end nobody is left to die of it
    if (this.#linger !== undefined) queueMicrotask(() => this.#giveUp())
    return chunk.subarray(0, room)
  }

  #takeRest(bytes: number): void {
    this.#restBytes += bytes
    if (this.#restBytes > maxRestBytes) this.#giveUp()
    else this.#linger?.refresh()
  }

  #giveUp(): void {
    this.#source?.destroy()
    this.end()
  }

  #write(consumer: OutputConsumer, chunk: Uint8Array): void {
    if (!consumer.write(chunk)) this.#blocked.add(consumer)
  }
}
