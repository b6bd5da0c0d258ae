import type { Gathering } from './gathering.js'
import type { TarEntry } from './tar-entry.js'
import { Writing } from './writing.js'

/** An entry to write. */
export interface WriteEntry {
  readonly entry: TarEntry
  /** Of a file: exactly its size; of one with pieces: exactly these, one after another. Read before the next is asked for. */
  readonly content?: AsyncIterable<Uint8Array> | Uint8Array
}

/** An entry to write, and where its content comes from. */
export interface PackedEntry extends WriteEntry {
  /** Its content is for the jail to copy. */
  readonly copied?: true
}

/**
 * An archive in chunks, whole ones but for the last.
 * @param copy has the content of an entry that is `copied` written; what of the archive comes before it is in the chunks up to
 *   then and in `gathering`
 */
export async function* chunksOf(
  entries: AsyncIterable<PackedEntry> | Iterable<PackedEntry>,
  gathering: Gathering,
  copy?: (entry: TarEntry) => Promise<void>,
): AsyncGenerator<Buffer, void, void> {
  const writing = new Writing(gathering)
  for await (const { entry, content, copied } of entries) {
    writing.begin(entry)
    if (copied === true && copy !== undefined) {
      for (const chunk of gathering.take()) yield chunk
      await copy(entry)
      writing.elsewhere()
    } else if (content instanceof Uint8Array) writing.content(content)
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
