import { chunksOf, type WriteEntry } from './chunks-of.js'
import { Gathering } from './gathering.js'

/** How entries are written. */
export interface WriteOptions {
  /**
   * A chunk holds good only until the next one is asked for: its memory is used again, and the next is made ready meanwhile.
   * Faster where chunks go to a file. Default false.
   */
  readonly reuse?: boolean
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
