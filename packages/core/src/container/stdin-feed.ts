import { PassThrough, type Writable } from 'node:stream'
import type { CommandInput } from '../contracts/process.js'
import { CaissonError } from '../errors/caisson-error.js'
import type { StdinSource } from '../spec/parse-exec-options.js'

// What goes with the start itself; more would make one frame of it
const maxInlineBytes = 64 * 1024
const nothing: CommandInput = Object.freeze({ kind: 'null' })
const stream: CommandInput = Object.freeze({ kind: 'stream' })

/** What a command reads, from wherever it comes. */
export class StdinFeed {
  #source: StdinSource
  #pipe: PassThrough | undefined
  #sealed = false
  #stop: (() => void) | undefined
  #broken: { readonly error: unknown } | undefined
  #to: Writable | undefined

  constructor(source: StdinSource) {
    this.#source = source
    if (source.kind === 'source' && isReadable(source.source)) this.#guard(source.source)
  }

  /** For the caller to write to. */
  get writable(): NodeJS.WritableStream {
    if (this.#source.kind === 'ignore' && !this.#sealed) this.#source = { kind: 'pipe' }
    if (this.#source.kind !== 'pipe') {
      throw new CaissonError({
        code: 'ERR_INVALID_SPEC',
        what: 'stdin',
        field: 'stdin',
        why: this.#sealed
          ? 'the command was sent without a pipe'
          : 'the option `stdin` feeds it already',
        fix: "Pass `stdin: 'pipe'`.",
      })
    }
    return this.#openPipe()
  }

  /** What the launcher is told; from here on it is decided. */
  seal(): CommandInput {
    this.#sealed = true
    const source = this.#source
    if (source.kind === 'ignore') return nothing
    if (source.kind === 'bytes' && source.bytes.length <= maxInlineBytes) return source
    return stream
  }

  /** Feeds the command's own end. @param failed told once if the source breaks */
  connect(to: Writable, failed: (error: unknown) => void): void {
    // EPIPE: the command reads no more, which is its right
    to.on('error', () => {})
    this.#to = to
    const source = this.#source
    if (source.kind === 'bytes') to.end(source.bytes)
    if (source.kind === 'pipe') this.#openPipe().pipe(to)
    if (source.kind === 'source') this.#pump(source.source, to, failed)
  }

  /** A stream may break before the command runs; nobody else need be listening. */
  #guard(source: NodeJS.ReadableStream): void {
    const onError = (error: unknown): void => {
      this.#broken = { error }
    }
    source.on('error', onError)
    this.#stop = (): void => {
      // it may break still, of being given up
      setImmediate(() => source.off('error', onError))
    }
  }

  /** The command has ended. */
  close(): void {
    this.#stop?.()
    this.#pipe?.destroy()
    // an idle pipe does not notice that nobody reads it any more
    this.#to?.destroy()
  }

  #openPipe(): PassThrough {
    if (this.#pipe === undefined) {
      this.#pipe = new PassThrough()
      // writes after the command's end are lost, as with any pipe; they must not crash the caller
      this.#pipe.on('error', () => {})
    }
    return this.#pipe
  }

  #pump(
    source: AsyncIterable<Uint8Array | string>,
    to: Writable,
    failed: (error: unknown) => void,
  ): void {
    if (isReadable(source)) {
      const unguard = this.#stop
      const broken = this.#broken ?? closedEarly(source)
      if (broken !== undefined) {
        to.end()
        failed(broken.error)
        return
      }
      const unpipe = pipeFrom(source, to, failed)
      this.#stop = (): void => {
        unpipe()
        unguard?.()
      }
      return
    }
    const iterator = source[Symbol.asyncIterator]()
    let stopped = false
    this.#stop = (): void => {
      stopped = true
      this.#stop = undefined
      // it may be waiting for a chunk that never comes: nobody waits for this
      void Promise.resolve(iterator.return?.()).catch(() => {})
    }
    const run = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await iterator.next()
        if (stopped) return
        if (done === true) break
        if (!to.write(value)) await drain(to)
      }
      to.end()
    }
    run().catch((error: unknown) => {
      to.end()
      if (!stopped) failed(error)
    })
  }
}

async function drain(to: Writable): Promise<void> {
  if (to.destroyed || !to.writable) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done)
      resolve()
    }
    to.on('drain', done).on('close', done)
  })
}

function isReadable(source: object): source is NodeJS.ReadableStream {
  return 'pipe' in source && typeof source.pipe === 'function' && 'unpipe' in source
}

/** Whether it was destroyed before it gave everything; it would never say so again. */
function closedEarly(source: NodeJS.ReadableStream): { readonly error: unknown } | undefined {
  if (source.readable || ('readableEnded' in source && source.readableEnded === true)) {
    return undefined
  }
  return { error: new Error('it was closed before the command started') }
}

/** A stream is piped rather than iterated: that can be stopped while it waits, e.g. for a terminal. */
function pipeFrom(
  source: NodeJS.ReadableStream,
  to: Writable,
  failed: (error: unknown) => void,
): () => void {
  const onError = (error: unknown): void => {
    to.end()
    failed(error)
  }
  // a stream destroyed before its end says nothing but this
  const onClose = (): void => {
    to.end()
  }
  source.on('error', onError).on('close', onClose)
  source.pipe(to)
  return () => {
    source.off('error', onError).off('close', onClose)
    source.unpipe(to)
    source.pause()
  }
}
