import type { ExecEvent } from './exec.js'
import type { OutputConsumer, OutputTap } from './output-tap.js'

// What may wait here before the command is stalled
const maxPendingBytes = 64 * 1024

interface Waiting {
  readonly resolve: (result: IteratorResult<ExecEvent<string | Uint8Array>>) => void
  readonly reject: (error: unknown) => void
}

type AnyEvent = ExecEvent<string | Uint8Array>

/** A command's events for one loop. Leaving the loop lets the command run on. */
export class EventQueue implements AsyncIterator<AnyEvent> {
  readonly #events: AnyEvent[] = []
  readonly #waiting: Waiting[] = []
  readonly #detach: (() => void)[] = []
  readonly #drained: (() => void)[] = []
  #pendingBytes = 0
  #error: { readonly error: unknown } | undefined
  #done = false

  /** Takes the output of a tap in as events of that type. */
  listen(tap: OutputTap, type: 'stdout' | 'stderr'): void {
    const consumer: OutputConsumer = {
      write: (data) => {
        this.push({ type, data })
        return this.#pendingBytes < maxPendingBytes
      },
      end: () => {},
    }
    this.#detach.push(() => tap.detach(consumer))
    this.#drained.push(() => tap.drained(consumer))
    tap.attach(consumer)
  }

  push(event: AnyEvent): void {
    if (this.#done) return
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: event })
      return
    }
    if ('data' in event) this.#pendingBytes += event.data.length
    this.#events.push(event)
  }

  /** No more events: what waits is still handed out, then the error if there is one. */
  close(error?: { readonly error: unknown }): void {
    this.#done = true
    this.#error = error
    for (const waiting of this.#waiting.splice(0)) {
      if (this.#error === undefined) waiting.resolve({ done: true, value: undefined })
      else {
        waiting.reject(this.#error.error)
        this.#error = undefined
      }
    }
  }

  async next(): Promise<IteratorResult<AnyEvent>> {
    const event = this.#events.shift()
    if (event !== undefined) {
      if ('data' in event) this.#pendingBytes -= event.data.length
      if (this.#pendingBytes < maxPendingBytes) for (const drained of this.#drained) drained()
      return { done: false, value: event }
    }
    if (this.#error !== undefined) {
      const { error } = this.#error
      this.#error = undefined
      throw error
    }
    if (this.#done) return { done: true, value: undefined }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  async return(): Promise<IteratorResult<AnyEvent>> {
    this.#events.length = 0
    this.#pendingBytes = 0
    this.close()
    for (const detach of this.#detach) detach()
    return { done: true, value: undefined }
  }
}
