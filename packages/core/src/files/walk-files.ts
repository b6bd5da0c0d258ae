import type { FileAccess, FileStatus } from '../contracts/file-access.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { checkAbort } from './abort.js'
import { fileType } from './file-stats.js'
import { joinPath } from './path-bytes.js'
import { withFile } from './with-file.js'

/** An entry found on a walk. */
export interface WalkedFile {
  readonly path: Uint8Array
  /** From where the walk began. */
  readonly below: Uint8Array
  readonly name: Uint8Array
  readonly status: FileStatus
}

/** The entries of one directory, by name. */
export async function listDirectory(
  access: FileAccess,
  path: Uint8Array,
  options: {
    readonly signal?: AbortSignal | undefined
    readonly follow?: boolean
    readonly most?: () => void
  } = {},
): Promise<{ readonly name: Uint8Array; readonly status: FileStatus }[]> {
  const how = { access: 'list', follow: options.follow ?? true } as const
  return withFile(access, path, how, async (directory) => {
    const entries = []
    for (;;) {
      checkAbort(options.signal)
      const more = await directory.list()
      if (more.length === 0) break
      for (const entry of more) {
        options.most?.()
        entries.push(entry)
      }
    }
    return entries.toSorted((a, b) => Buffer.compare(a.name, b.name))
  })
}

/**
 * All below a directory, a directory before what is in it; links are not followed. What vanishes meanwhile is left out.
 * @param enter whether to go into a directory
 */
export async function* walkFiles(
  access: FileAccess,
  top: Uint8Array,
  options: {
    readonly signal?: AbortSignal | undefined
    readonly most?: () => void
    readonly enter?: (entry: WalkedFile) => boolean
  } = {},
): AsyncGenerator<WalkedFile> {
  const { signal, most, enter = () => true } = options
  const todo: WalkedFile[] = []
  const read = async (path: Uint8Array, below: Uint8Array, follow: boolean): Promise<void> => {
    const entries = await listDirectory(access, path, {
      signal,
      follow,
      ...(most === undefined ? {} : { most }),
    })
    for (const { name, status } of entries.toReversed())
      todo.push({ path: joinPath(path, name), below: joinPath(below, name), name, status })
  }
  await read(top, new Uint8Array(0), true)
  for (let entry = todo.pop(); entry !== undefined; entry = todo.pop()) {
    yield entry
    if (fileType(entry.status.mode) !== 'directory' || !enter(entry)) continue
    await read(entry.path, entry.below, false).catch((error: unknown) => {
      if (!isGone(error)) throw error
    })
  }
}

/** It was there a moment ago, and is not, or is something else. */
function isGone(error: unknown): boolean {
  return isCaissonError(error, 'ERR_FILE_NOT_FOUND') || isCaissonError(error, 'ERR_FILE_TYPE')
}
