import { childPath, type ManifestEntry } from './manifest-entry.js'
import type { Stamp } from './stamps.js'
import { storeError, throwIfAborted } from './store-error.js'
import type { TreeReader, TreeStatus } from './tree-reader.js'

/** How a tree is described. */
export interface DescribeOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((files: number, bytes: number) => void) | undefined
  /** More content, holes counted as their zeros, is ERR_FILE_LIMIT before any is read. Default: no limit. */
  readonly maxBytes?: number
}

/** What is in a tree, and by what our copy is known again. */
export interface DescribedTree {
  readonly entries: readonly ManifestEntry[]
  readonly stamps: readonly Stamp[]
}

/** An entry that was seen, with its path. */
export interface FoundStatus {
  readonly path: string
  readonly status: TreeStatus
}

/** Names in the order of their bytes. */
export function sorted(statuses: readonly TreeStatus[]): readonly TreeStatus[] {
  return statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** All of a tree, a directory before what is in it. */
export async function* walkTree(
  reader: TreeReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundStatus, void, void> {
  const todo: FoundStatus[] = [{ path: '', status: await reader.root() }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    yield next
    if (next.status.type !== 'directory') continue
    throwIfAborted(signal, 'walk')
    const { path } = next
    for (const status of sorted(await reader.list(path)).toReversed())
      todo.push({ path: childPath(path, status.name), status })
  }
}

interface Walked {
  readonly found: readonly FoundStatus[]
  /** First name of what has several, by path of the others. */
  readonly links: ReadonlyMap<string, string>
}

async function walkAll(reader: TreeReader, signal: AbortSignal | undefined): Promise<Walked> {
  const found: FoundStatus[] = []
  const firsts = new Map<bigint, string>()
  const links = new Map<string, string>()
  for await (const one of walkTree(reader, signal)) {
    const { path, status } = one
    found.push(one)
    if (status.type === 'directory' || status.links < 2) continue
    const first = firsts.get(status.ino)
    if (first === undefined) firsts.set(status.ino, path)
    else links.set(path, first)
  }
  return { found, links }
}

function vanished(path: string): Error {
  const name = Buffer.from(path, 'latin1').toString()
  return storeError('ERR_STORE_IO', name, 'it went while the layer was being published')
}

/** A hole costs who makes it nothing, and who reads its zeros an hour for some terabytes. */
function checkContent(files: readonly { readonly size: number }[], maxBytes: number): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes <= maxBytes) return
  const why = `its files hold ${bytes} bytes, holes counted, and a layer takes ${maxBytes}`
  throw storeError('ERR_FILE_LIMIT', 'layer', why, {
    fix: 'Remove large sparse files, or keep it as a snapshot, which is not read.',
  })
}

/**
 * Everything of a tree that nobody writes any more: what is read again to tell whether it still is.
 * @throws CaissonError ERR_FILE_LIMIT, ERR_STORE_IO, ERR_ABORTED
 */
export async function describeTree(
  reader: TreeReader,
  { signal, onProgress, maxBytes = Number.POSITIVE_INFINITY }: DescribeOptions = {},
): Promise<DescribedTree> {
  const { found, links } = await walkAll(reader, signal)
  const own = found.filter(({ path }) => !links.has(path))
  // with attributes everything has to be asked, else what `list` does not tell of
  const asked = own.filter(({ status: { type } }) =>
    reader.hasXattrs ? true : type !== 'file' && type !== 'directory',
  )
  const files = own
    .filter(({ status }) => status.type === 'file')
    .map(({ path, status }) => ({ path, size: status.size }))
  checkContent(files, maxBytes)
  const [digests, answers] = await Promise.all([
    reader.digests(files, { signal, onProgress }),
    reader.details(asked.map(({ path }) => path)),
  ])
  const details = new Map(asked.map(({ path }, index) => [path, answers[index]]))
  const entries = new Map<string, ManifestEntry>()
  for (const { path, status } of found) {
    const first = entries.get(links.get(path) ?? path)
    if (first !== undefined) {
      entries.set(path, { ...first, path, link: first.path })
      continue
    }
    const { type, mode, uid, gid, size, mtimeNs } = status
    const digest = digests.get(path)
    const more = details.get(path)
    if ((type === 'file' && digest === undefined) || (details.has(path) && more === undefined))
      throw vanished(path)
    entries.set(path, {
      path,
      type,
      mode: type === 'symlink' ? 0o777 : mode,
      uid,
      gid,
      size,
      mtimeNs,
      digest: type === 'file' ? digest : undefined,
      target: more?.target,
      device: more?.device,
      xattrs: more?.xattrs ?? [],
      link: undefined,
    })
  }
  const stamps = found.map(({ status: { ino, ctimeNs } }) => ({ ino, ctimeNs }))
  return { entries: [...entries.values()], stamps }
}
