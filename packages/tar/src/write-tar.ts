import { Gathering } from './gathering.js'
import type { TarEntry } from './tar-entry.js'
import { Writing } from './writing.js'

/** An entry to write. */
export interface WriteEntry {
  readonly entry: TarEntry
  /** Of a file: exactly its size; of one with pieces: exactly these, one after another. Read before the next is asked for. */
  readonly content?: AsyncIterable<Uint8Array> | Uint8Array
}

/** How entries are written. */
export interface WriteOptions {
  /**
   * A chunk holds good only until the next one is asked for: its memory is used again, and the next is made ready meanwhile.
   * Faster where chunks go to a file. Default false.
   */
  readonly reuse?: boolean
}

async function* chunksOf(
  entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>,
  gathering: Gathering,
): AsyncGenerator<Buffer, void, void> {
  const writing = new Writing(gathering)
  for await (const { entry, content } of entries) {
    writing.begin(entry)
    if (content instanceof Uint8Array) writing.content(content)
    else if (content !== undefined) {
      for await (const bytes of content) {
        writing.content(bytes)
        if (gathering.some) for (const chunk of gathering.take()) yield chunk
      }
    }
    writing.end()
    if (gathering.some) for (const chunk of gathering.take()) yield chunk
  }
  writing.finish()
  for (const chunk of gathering.take()) yield chunk
  yield gathering.rest()
}

/** The next chunk is made ready while one is looked at. */
async function* oneAhead(
  chunks: AsyncGenerator<Buffer, void, void>,
  done: (chunk: Buffer) => void,
): AsyncGenerator<Buffer, void, void> {
  let coming = chunks.next()
  try {
    for (let next = await coming; next.done !== true; next = await coming) {
      coming = chunks.next()
      // it is awaited when its turn comes; a failure before that is not unhandled
      coming.catch(() => {})
      yield next.value
      done(next.value)
    }
  } finally {
    await chunks.return()
  }
}

/**
 * Entries as an archive, in their order: ustar, with extended headers (PAX) where it needs them. The same entries give the
 * same bytes.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT when content is not as long as its entry says
 */
export async function* writeTar(
  entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>,
  { reuse = false }: WriteOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const gathering = new Gathering()
  const chunks = chunksOf(entries, gathering)
  if (reuse) yield* oneAhead(chunks, (chunk) => gathering.give(chunk))
  else yield* chunks
}
