import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { extract, pack, type Headers } from 'tar-stream'
import { CaissonError } from '../errors/caisson-error.js'
import { isCaissonError } from '../errors/is-caisson-error.js'

/** An entry of an archive, in our own terms: the library stays in this file. */
export interface ArchiveEntry {
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'other'
  readonly mode: number
  readonly size: number
  readonly mtime: Date
  /** Of a symlink or link. */
  readonly target: string
  readonly uid: number
  readonly gid: number
  /** Of a file: exactly `size` bytes. */
  readonly content: AsyncIterable<Uint8Array>
}

/** Writes one entry after another; the archive is as fast as its reader. */
export function writeArchive(entries: AsyncIterable<ArchiveEntry>): Readable {
  return Readable.from(archived(entries), { objectMode: false })
}

async function* archived(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Uint8Array> {
  const archive = pack()
  const filling = (async () => {
    try {
      for await (const entry of entries) await writeEntry(archive, entry)
      archive.finalize()
    } catch (error) {
      archive.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  })()
  // It is awaited below; until then its failure is the archive's.
  filling.catch(() => {})
  try {
    yield* archive
  } catch (error) {
    await filling
    throw error
  } finally {
    archive.destroy()
  }
  await filling
}

async function writeEntry(archive: ReturnType<typeof pack>, entry: ArchiveEntry): Promise<void> {
  const { name, type, mode, mtime, uid, gid, target } = entry
  const header: Headers = {
    name,
    mode,
    mtime,
    uid,
    gid,
    type: type === 'other' ? 'file' : type,
    size: type === 'file' ? entry.size : 0,
    ...(target === '' ? {} : { linkname: target }),
  }
  if (type === 'file') {
    await pipeline(entry.content, archive.entry(header))
    return
  }
  await new Promise<void>((resolve, reject) => {
    archive.entry(header, (error) => (error ? reject(error) : resolve()))
    archive.once('close', resolve)
  })
}

const types: Readonly<Record<string, ArchiveEntry['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link',
}

/** Reads a source, and remembers its failure: that is not the archive's. */
class Source {
  readonly #source: AsyncIterable<Uint8Array>
  #failure: { readonly error: unknown } | undefined

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) yield chunk
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  /** What a failure of the library means. */
  explain(error: unknown): unknown {
    if (this.#failure !== undefined) return this.#failure.error
    if (isCaissonError(error)) return error
    const why = error instanceof Error ? error.message : String(error)
    return new CaissonError({ code: 'ERR_FILE_ARCHIVE', what: 'archive', why, cause: error })
  }

  /** The same bytes, their failures explained. */
  async *explained(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* content
    } catch (error) {
      throw this.explain(error)
    }
  }
}

/**
 * The entries of an archive. An entry's content has to be read, or is passed over, before the next.
 * @throws CaissonError ERR_FILE_ARCHIVE when it is broken or ends too early
 */
export async function* readArchive(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveEntry> {
  const source = new Source(archive)
  const entries = extract()
  const feeding = pipeline(source.bytes(), entries)
  feeding.catch(() => {})
  try {
    for await (const entry of entries) {
      yield archiveEntry(entry.header, source.explained(entry))
      entry.resume()
    }
    await feeding
  } catch (error) {
    throw source.explain(error)
  } finally {
    entries.destroy()
  }
}

function archiveEntry(header: Headers, content: AsyncIterable<Uint8Array>): ArchiveEntry {
  return {
    name: header.name,
    type: types[header.type ?? 'file'] ?? 'other',
    mode: header.mode ?? 0o644,
    size: header.size ?? 0,
    mtime: header.mtime ?? new Date(0),
    target: header.linkname ?? '',
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    content,
  }
}
