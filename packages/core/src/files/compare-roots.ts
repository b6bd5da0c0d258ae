import type { FileAccess, FileStatus } from '../contracts/file-access.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import type { Change } from '../result/change.js'
import { fileType } from './file-stats.js'
import { joinPath, pathText } from './path-bytes.js'
import { listDirectory, walkFiles } from './walk-files.js'

const ROOT = Buffer.from('/')

/** Paths of a root that may differ from another one, with the directories on the way to them. */
export class Suspects {
  readonly #paths = new Set<string>()

  /** Absolute, as people read them. */
  add(path: string): void {
    for (let at = path; at !== '' && !this.#paths.has(at); at = at.slice(0, at.lastIndexOf('/')))
      this.#paths.add(at)
  }

  has(path: Uint8Array): boolean {
    return this.#paths.has(pathText(path))
  }
}

/** A root as one side of a comparison sees it. */
interface Side {
  readonly files: FileAccess
  /** File systems that are its own; others are mounted there. */
  readonly own: ReadonlySet<bigint>
}

async function side(files: FileAccess, parts: readonly string[]): Promise<Side> {
  const own = new Set<bigint>()
  for (const at of parts) own.add((await files.stat(Buffer.from(at), false)).dev)
  return { files, own }
}

function typeOf({ mode }: FileStatus): Change['type'] {
  const type = fileType(mode)
  return type === 'fifo' || type === 'socket' ? 'other' : type
}

function isChanged(was: FileStatus, is: FileStatus): boolean {
  if (was.mode !== is.mode || was.uid !== is.uid || was.gid !== is.gid) return true
  // times of directories change with what is in them
  if (typeOf(is) === 'directory') return false
  return was.size !== is.size || was.mtimeNs !== is.mtimeNs
}

type Listing = ReadonlyMap<string, { readonly name: Uint8Array; readonly status: FileStatus }>

async function list({ files }: Side, path: Uint8Array): Promise<Listing> {
  try {
    const entries = await listDirectory(files, path, { follow: false })
    return new Map(entries.map((entry) => [Buffer.from(entry.name).toString('latin1'), entry]))
  } catch (error) {
    // gone meanwhile, or something else by now
    if (isCaissonError(error, 'ERR_FILE_NOT_FOUND') || isCaissonError(error, 'ERR_FILE_TYPE'))
      return new Map()
    throw error
  }
}

function change(path: Uint8Array, kind: Change['kind'], status: FileStatus): Change {
  const size = kind === 'deleted' ? 0 : status.size
  return { path: pathText(path), kind, type: typeOf(status), size }
}

async function* addedBelow(now: Side, path: Uint8Array): AsyncGenerator<Change> {
  const enter = ({ status }: { readonly status: FileStatus }): boolean => now.own.has(status.dev)
  for await (const entry of walkFiles(now.files, path, { enter }))
    yield change(entry.path, 'added', entry.status)
}

/** What is to be looked into: a directory in both. */
type Todo = Uint8Array[]

async function* compareDirectory(
  [then, now]: readonly [Side, Side],
  path: Uint8Array,
  suspects: Suspects,
  todo: Todo,
): AsyncGenerator<Change> {
  const [was, is] = [await list(then, path), await list(now, path)]
  for (const [key, { name, status }] of was)
    if (!is.has(key)) yield change(joinPath(path, name), 'deleted', status)
  for (const [key, { name, status }] of is) {
    const full = joinPath(path, name)
    const former = was.get(key)?.status
    const isDirectory = typeOf(status) === 'directory'
    // what is mounted there is no part of the root
    if (isDirectory && !now.own.has(status.dev)) continue
    if (former === undefined) {
      yield change(full, 'added', status)
      if (isDirectory) yield* addedBelow(now, full)
    } else if (suspects.has(full)) {
      if (typeOf(former) !== typeOf(status)) {
        yield change(full, 'type-changed', status)
        if (isDirectory) yield* addedBelow(now, full)
        continue
      }
      if (isChanged(former, status)) yield change(full, 'modified', status)
      if (isDirectory) todo.push(full)
    }
  }
}

/**
 * What is different in a root from another one that lies upon the same directories.
 * @param parts where the parts of both are
 * @param suspects what may differ; whatever is in a directory of these and in one root alone is found too
 */
export async function* compareRoots(
  then: FileAccess,
  now: FileAccess,
  parts: readonly string[],
  suspects: Suspects,
): AsyncGenerator<Change> {
  const sides = [await side(then, parts), await side(now, parts)] as const
  const todo: Todo = [ROOT]
  for (let path = todo.pop(); path !== undefined; path = todo.pop())
    yield* compareDirectory(sides, path, suspects, todo)
}
