import type { FileHandle } from 'node:fs/promises'
import {
  CaissonError,
  isCaissonError,
  type DirectoryJail,
  type JailOutput,
  type Launcher,
} from '@caisson/core'
import { checkAborted } from './check-aborted.js'
import { chunksOf } from './chunks-of.js'
import { Gathering } from './gathering.js'
import { OutputFile } from './output-file.js'
import { packCopying, packDirectory, type PackOptions } from './pack-directory.js'
import type { TarEntry } from './tar-entry.js'
import { UnderWay } from './under-way.js'
import { writeTar } from './write-tar.js'

/** Content that is worth a request of its own: what is smaller comes with its entry. */
const COPY_LARGER = 32 * 1024
/** What is gathered goes with a request up to here, and is written by us beyond. */
const SENT_ALONG = 32 * 1024
/** At most copied by one request: whoever is aborted waits for it. */
const MOST_COPIED = 4 * 1024 * 1024

const nothing = Buffer.alloc(0)
const top = Buffer.from('.')

type CopyPart = NonNullable<DirectoryJail['copy']>

/** An archive whose large content the jail writes, and all else we, each to its place. */
class CopiedArchive {
  readonly #jail: DirectoryJail
  readonly #copyPart: CopyPart
  readonly #file: OutputFile
  readonly #underWay = new UnderWay()
  readonly #gathering = new Gathering()
  /** Where what is gathered belongs. */
  #at = 0

  constructor(jail: DirectoryJail, copyPart: CopyPart, file: OutputFile) {
    this.#jail = jail
    this.#copyPart = copyPart
    this.#file = file
  }

  async write(options: PackOptions): Promise<void> {
    const entries = packCopying(this.#jail, options, COPY_LARGER)
    const copy = (entry: TarEntry): Promise<void> => this.#copy(entry, options.signal)
    try {
      for await (const chunk of chunksOf(entries, this.#gathering, copy)) await this.#write(chunk)
      await this.#underWay.idle()
    } finally {
      // nobody writes any more when this is over
      await this.#underWay.ended()
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    const writing = this.#file.write(chunk, this.#at).then(() => this.#gathering.give(chunk))
    this.#at += chunk.length
    await this.#underWay.add(writing, chunk.length)
  }

  async #copy({ path, size }: TarEntry, signal: AbortSignal | undefined): Promise<void> {
    const before = this.#gathering.cut()
    const along = before.length > SENT_ALONG ? nothing : before
    if (along !== before) await this.#write(before)
    for (let from = 0; from < size; from += MOST_COPIED) {
      checkAborted(signal)
      const bytes = from === 0 ? along : nothing
      const part = Math.min(MOST_COPIED, size - from)
      const to = this.#at
      this.#at += bytes.length + part
      await this.#underWay.add(this.#copyPart({ path, from, size: part, to, bytes }), part)
    }
    // the first request has them
    if (along === before) this.#gathering.give(before)
  }
}

async function openJail(
  launcher: Pick<Launcher, 'jail'>,
  directory: string,
): Promise<DirectoryJail> {
  const jail = await launcher.jail?.(directory, { readOnly: true })
  if (jail !== undefined) return jail
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'pack',
    subject: directory,
    field: 'launcher',
    why: 'it cannot serve a host directory',
    fix: 'Give it a launcher with `jail`, as createLauncher() of @caisson/launcher makes it.',
  })
}

async function topOf(jail: DirectoryJail): Promise<string> {
  const { status } = await jail.get(top)
  return `${status.dev}:${status.ino}`
}

/** A second one, which copies while the first one walks; undefined where that cannot be. */
async function openCopier(
  launcher: Pick<Launcher, 'jail'>,
  directory: string,
  walked: DirectoryJail,
  output: JailOutput | undefined,
): Promise<DirectoryJail | undefined> {
  if (output === undefined) return undefined
  let copier: DirectoryJail | undefined
  try {
    copier = await launcher.jail?.(directory, { readOnly: true, output })
  } catch (error) {
    // the file is not to be found, or not to be opened again, by its name
    if (!isCaissonError(error, 'ERR_LAUNCH')) throw error
  }
  if (copier === undefined) return undefined
  // by then the name of the directory could be another's
  if (copier.copy !== undefined && (await topOf(copier)) === (await topOf(walked))) return copier
  await copier[Symbol.asyncDispose]()
  return undefined
}

/**
 * All in a directory of the host as an archive in an open file: the bytes of `writeTar(packDirectory(jail))`. Into a regular
 * file that has a name large content is copied by a jail, past this process, which is faster than to write chunks. What was in
 * the file goes; a pipe gets the archive next. The file stays open, and holds a part when it failed. It is not to lie in the
 * directory.
 * @param launcher serves the directory, read-only, while it is packed
 * @param directory absolute; must be there
 * @param file open for writing
 * @throws CaissonError ERR_FILE_* (no space: ERR_FILE_LIMIT; a file that became shorter: ERR_FILE_IO or
 *   ERR_ARCHIVE_CORRUPT), ERR_ABORTED, ERR_LAUNCH when the directory cannot be served, ERR_UNSUPPORTED when the launcher
 *   serves none; TypeError ERR_INVALID_SPEC
 */
export async function packTar(
  launcher: Pick<Launcher, 'jail'>,
  directory: string,
  file: FileHandle,
  options: PackOptions = {},
): Promise<void> {
  checkAborted(options.signal)
  const output = await OutputFile.of(file)
  await using jail = await openJail(launcher, directory)
  await using copier = await openCopier(launcher, directory, jail, await output.forJail())
  await output.empty()
  if (copier?.copy !== undefined) {
    await new CopiedArchive(jail, copier.copy, output).write(options)
    return
  }
  let at = 0
  for await (const chunk of writeTar(packDirectory(jail, options), { reuse: true })) {
    await output.write(chunk, at)
    at += chunk.length
  }
}
