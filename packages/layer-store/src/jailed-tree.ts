import { createHash } from 'node:crypto'
import type { DirectoryJail, FileStatus, JailedFile } from '@caisson/core'
import { askAll, readDetails, unlessGone } from './jailed-details.js'
import { baseName, pathBytes, typeOfMode, type ManifestIds } from './manifest-entry.js'
import { throwIfAborted } from './store-error.js'
import type {
  HashOptions,
  HashRequest,
  TreeDetails,
  TreeReader,
  TreeStatus,
} from './tree-reader.js'

/** Files that are read at once; each is one of the server's 256 slots while it is open. */
const AT_ONCE = 32
const CHUNK = 256 * 1024
/** What a server gives with a file's description, by one request. */
const WITH_STATUS = 96 * 1024

function statusOf(name: string, status: FileStatus): TreeStatus {
  const { uid, gid, mtimeNs, ctimeNs, ino, links } = status
  const type = typeOfMode(status.mode)
  const size = type === 'file' ? status.size : 0
  return { name, type, mode: status.mode & 0o7777, uid, gid, size, mtimeNs, ctimeNs, ino, links }
}

/** A few at once, in no order. */
async function inParallel<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) await use(item)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
}

/**
 * Reads a tree by a server that is root of the ids in it: what a user with ranges of ids has no right to himself, and what
 * even its owner may not read.
 */
export class JailedTree implements TreeReader {
  readonly ids: ManifestIds
  readonly hasXattrs = true
  readonly #jail: DirectoryJail

  constructor(jail: DirectoryJail) {
    this.#jail = jail
    const { mode } = jail.identity
    this.ids = mode === 'root' ? 'host' : mode === 'ranges' ? 'range' : 'own'
  }

  async root(): Promise<TreeStatus> {
    return statusOf('', await this.#jail.files.stat(pathBytes(''), false))
  }

  async stats(paths: readonly string[]): Promise<readonly (TreeStatus | undefined)[]> {
    const all = await askAll(paths, (path) => this.#jail.files.stat(path, false))
    return all.map((status, index) =>
      status === undefined ? undefined : statusOf(baseName(paths[index] ?? ''), status),
    )
  }

  async list(path: string): Promise<readonly TreeStatus[]> {
    const how = { access: 'list', follow: false } as const
    const directory = await unlessGone(this.#jail.open(pathBytes(path), how))
    if (directory === undefined) return []
    try {
      const all: TreeStatus[] = []
      for (;;) {
        const some = await directory.list()
        if (some.length === 0) return all
        for (const { name, status } of some)
          all.push(statusOf(Buffer.from(name).toString('latin1'), status))
      }
    } finally {
      await directory.close()
    }
  }

  details(paths: readonly string[]): Promise<readonly (TreeDetails | undefined)[]> {
    return readDetails(this.#jail, paths)
  }

  async digests(
    files: readonly HashRequest[],
    { signal, onProgress }: HashOptions = {},
  ): Promise<ReadonlyMap<string, string>> {
    const digests = new Map<string, string>()
    let bytes = 0
    let done = 0
    await inParallel(files, async ({ path, size }) => {
      throwIfAborted(signal, 'hash')
      const digest = await unlessGone(this.#digest(path))
      if (digest !== undefined) digests.set(path, digest)
      bytes += size
      onProgress?.(++done, bytes)
    })
    return digests
  }

  async *content(path: string): AsyncGenerator<Uint8Array> {
    const file = await this.#jail.open(pathBytes(path), { access: 'read', follow: false })
    yield* this.#read(file)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jail[Symbol.asyncDispose]()
  }

  async #digest(path: string): Promise<string> {
    const hash = createHash('sha256')
    const found = await this.#jail.get(pathBytes(path), WITH_STATUS)
    if (found.content !== undefined) return hash.update(found.content).digest('hex')
    for await (const chunk of this.content(path)) hash.update(chunk)
    return hash.digest('hex')
  }

  async *#read(file: JailedFile): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; ;) {
        const chunk = await file.read(at, CHUNK)
        if (chunk.length === 0) return
        yield chunk
        at += chunk.length
      }
    } finally {
      await file.close()
    }
  }
}
