import type { FileEvent, FileWatching, ProcessStart } from '@caisson/core'
import { CaissonError } from '@caisson/core'
import type { DirectOutput } from '../direct-output.js'
import { FileConnection } from './file-connection.js'
import { parseEvents } from './file-records.js'

/** Events that are kept for a consumer that is slow. */
const MOST_KEPT = 16_384

const overflow: FileEvent = Object.freeze({
  watch: -1,
  kind: 'overflow',
  directory: false,
  cookie: 0,
  name: new Uint8Array(0),
})

/** Watches by a file server that serves nothing else. */
export class ServedWatching implements FileWatching {
  readonly #connection: FileConnection
  #kept: FileEvent[] = []
  #lost = false
  #wake: (() => void) | undefined
  #error: CaissonError | undefined
  #disposed = false

  constructor(start: ProcessStart, output: DirectOutput) {
    this.#connection = new FileConnection(
      start,
      output,
      (error) => {
        this.#error = error
        this.#wake?.()
      },
      (body) => this.#keep(parseEvents(body)),
    )
    this.#connection.hold()
  }

  async add(path: Uint8Array): Promise<number> {
    return (await this.#connection.request('watch', { path }, path)).readInt32LE()
  }

  async remove(watch: number): Promise<void> {
    await this.#connection.request('unwatch', { number: watch }, new Uint8Array(0))
  }

  get events(): AsyncIterable<readonly FileEvent[]> {
    return this.#batches()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    this.#connection.end(new CaissonError({ code: 'ERR_DISPOSED', what: 'watch' }))
    return Promise.resolve()
  }

  async *#batches(): AsyncGenerator<readonly FileEvent[]> {
    for (;;) {
      if (this.#kept.length > 0) {
        yield this.#kept.splice(0)
        this.#lost = false
      } else if (this.#disposed) return
      else if (this.#error !== undefined) throw this.#error
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #keep(events: readonly FileEvent[]): void {
    if (this.#kept.length + events.length <= MOST_KEPT) this.#kept.push(...events)
    else if (!this.#lost) {
      this.#lost = true
      this.#kept.push(overflow)
    }
    this.#wake?.()
  }
}
