import { checkAborted } from './check-aborted.js'
import { parseTarLimits, type TarLimits } from './limits.js'
import type { FoundTarEntry } from './tar-entry.js'
import { TarParser, type TarEvent } from './tar-parser.js'

/** An entry with its content. */
export interface ReadEntry {
  readonly entry: FoundTarEntry
  /** Of a file: data and where it belongs; between lie holes. Read it before the next entry, or it is passed over. */
  readonly content: AsyncIterable<{ readonly offset: number; readonly bytes: Buffer }>
}

/** How an archive is read. */
export interface ReadOptions {
  readonly limits?: Partial<TarLimits>
  readonly signal?: AbortSignal
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Events of an archive up to its end, chunk by chunk. */
export async function* tarEvents(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<Iterable<TarEvent>> {
  const parser = new TarParser(parseTarLimits(options.limits))
  for await (const chunk of source) {
    checkAborted(options.signal)
    yield parser.feed(asBuffer(chunk))
  }
  parser.finish()
}

/** Events one by one; `peek` looks at the next. */
class EventReader {
  readonly #chunks: AsyncGenerator<Iterable<TarEvent>>
  #events: Iterator<TarEvent> | undefined
  #next: TarEvent | undefined

  constructor(chunks: AsyncGenerator<Iterable<TarEvent>>) {
    this.#chunks = chunks
  }

  async peek(): Promise<TarEvent | undefined> {
    while (this.#next === undefined) {
      const event = this.#events?.next()
      if (event !== undefined && event.done !== true) this.#next = event.value
      else {
        const chunk = await this.#chunks.next()
        if (chunk.done === true) return undefined
        this.#events = chunk.value[Symbol.iterator]()
      }
    }
    return this.#next
  }

  taken(): void {
    this.#next = undefined
  }

  async *content(): ReadEntry['content'] {
    for (;;) {
      const event = await this.peek()
      if (event?.kind !== 'data') return
      this.taken()
      yield event
    }
  }
}

/**
 * Entries of an archive, which is not compressed (`decompress`).
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_LIMIT, ERR_ABORTED; TypeError ERR_INVALID_SPEC
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<ReadEntry, void, void> {
  const chunks = tarEvents(source, options)
  const events = new EventReader(chunks)
  try {
    for (;;) {
      const event = await events.peek()
      if (event === undefined) return
      events.taken()
      if (event.kind === 'entry') yield { entry: event.entry, content: events.content() }
    }
  } finally {
    await chunks.return(undefined)
  }
}
