import type { DirectoryJail } from '@caisson/core'
import type { FoundDifference } from './compare-tree.js'
import type { ContentStage } from './content-stage.js'
import {
  childPath,
  parentPath,
  pathBytes,
  type Manifest,
  type ManifestEntry,
} from './manifest-entry.js'
import { nonce } from './session.js'
import type { Step } from './step.js'
import { throwIfAborted } from './store-error.js'

/** What one request may carry of content. */
const WHOLE_BYTES = 256 * 1024

/** What has to be done to a tree. */
export interface MendPlan {
  /** What is not the layer's. */
  readonly removed: readonly string[]
  /** Made anew, in the order of the manifest; another type may be in its place. */
  readonly made: readonly ManifestEntry[]
  /** Of which owner, mode, times and attributes are set where they are. */
  readonly dressed: readonly ManifestEntry[]
}

/** An attribute too many cannot be taken away: what has it is made anew. */
function hasSurplus({ entry, found }: FoundDifference): boolean {
  const names = new Set(entry?.xattrs.map(([name]) => name))
  return Object.keys(found?.xattrs ?? {}).some((name) => !names.has(name))
}

function isMade(difference: FoundDifference, entry: ManifestEntry): boolean {
  const { kind } = difference
  if (entry.type === 'directory') return kind === 'missing' || kind === 'type'
  return kind !== 'attributes' || hasSurplus(difference)
}

/** What mends these differences. */
export function planMending(manifest: Manifest, differences: readonly FoundDifference[]): MendPlan {
  const byPath = new Map(differences.map((one) => [one.path, one]))
  const made: ManifestEntry[] = []
  const dressed: ManifestEntry[] = []
  for (const entry of manifest.entries) {
    const difference = byPath.get(entry.path)
    if (difference === undefined) continue
    // other names of a file that has to be made anew differ as it does, or lead to another one
    if (isMade(difference, entry)) made.push(entry)
    else if (entry.link === undefined) dressed.push(entry)
  }
  const removed = differences.filter(({ entry }) => entry === undefined).map(({ path }) => path)
  return { removed, made, dressed }
}

/** Puts entries into their places, each by one rename: whoever ends in the middle leaves a whole old or a whole new one. */
export class TreeMender {
  readonly #jail: DirectoryJail
  readonly #stage: ContentStage
  readonly #step: Step
  readonly #stirred = new Set<string>()

  constructor(jail: DirectoryJail, stage: ContentStage, step: Step) {
    this.#jail = jail
    this.#stage = stage
    this.#step = step
  }

  /** @param told after each entry how many are done */
  async mend(
    manifest: Manifest,
    plan: MendPlan,
    { signal, told }: { readonly signal: AbortSignal | undefined; told: (done: number) => void },
  ): Promise<void> {
    let done = 0
    const after = (path: string): void => {
      this.#stirred.add(parentPath(path))
      told(++done)
    }
    for (const path of plan.removed) {
      throwIfAborted(signal, 'repair')
      this.#step('repair:remove')
      await this.#jail.files.remove(pathBytes(path), true)
      after(path)
    }
    for (const entry of plan.made) {
      throwIfAborted(signal, 'repair')
      if (this.#isLeft(entry)) continue
      await this.#replace(entry)
      after(entry.path)
    }
    for (const entry of plan.dressed) if (entry.type !== 'directory') await this.#dress(entry)
    await this.#dressDirectories(manifest, plan)
  }

  /** What nothing has the content of stays as it is, with its other names; and a socket only a program makes of itself. */
  #isLeft({ digest, size, type }: ManifestEntry): boolean {
    return type === 'socket' || (digest !== undefined && size > 0 && !this.#stage.has(digest))
  }

  /** Deepest first: nothing is done in them afterwards. */
  async #dressDirectories(manifest: Manifest, plan: MendPlan): Promise<void> {
    const wanted = new Set([...plan.made, ...plan.dressed].map(({ path }) => path))
    for (const entry of manifest.entries.toReversed()) {
      const { path, type } = entry
      if (type === 'directory' && (wanted.has(path) || this.#stirred.has(path)))
        await this.#dress(entry)
    }
  }

  async #replace(entry: ManifestEntry): Promise<void> {
    const { files } = this.#jail
    const target = pathBytes(entry.path)
    const draft = pathBytes(childPath(parentPath(entry.path), `.caisson-${nonce()}`))
    try {
      this.#step('repair:make')
      await this.#make(entry, draft)
      // a directory is replaced by nothing else, nor anything else by one
      const is = await files.stat(target, false).catch(() => undefined)
      const isDirectory = is !== undefined && (is.mode & 0o170000) === 0o040000
      if (is !== undefined && (isDirectory || entry.type === 'directory'))
        await files.remove(target, true)
      this.#step('repair:rename')
      await files.rename(draft, target)
    } catch (error) {
      await files.remove(draft, true).catch(() => {})
      throw error
    }
  }

  async #make(entry: ManifestEntry, path: Buffer): Promise<void> {
    const { type, mode, uid, gid, mtimeNs, target, device, link } = entry
    if (link !== undefined)
      return this.#jail.make({ type: 'hardlink', path, mode: 0, target: pathBytes(link) })
    if (type === 'file') return this.#makeFile(entry, path)
    if (type === 'socket') return undefined
    await this.#jail.make({
      type,
      path,
      mode: type === 'directory' ? 0o700 : mode,
      owner: { uid, gid },
      times: { atimeNs: mtimeNs, mtimeNs },
      ...(target !== undefined && { target: Buffer.from(target, 'latin1') }),
      ...(device !== undefined && { device }),
    })
    if (type !== 'directory') await this.#setXattrs(entry, path)
    return undefined
  }

  async #makeFile(entry: ManifestEntry, path: Buffer): Promise<void> {
    const { mode, uid, gid, mtimeNs, size, digest } = entry
    const owner = { uid, gid }
    const times = { atimeNs: mtimeNs, mtimeNs }
    const chunks = digest === undefined || size === 0 ? none() : this.#stage.read(digest)
    if (size <= WHOLE_BYTES) {
      const parts: Uint8Array[] = []
      for await (const chunk of chunks) parts.push(chunk)
      const content = Buffer.concat(parts)
      await this.#jail.make({ type: 'file', path, mode, owner, times, content })
      return this.#setXattrs(entry, path)
    }
    await this.#jail.make({ type: 'file', path, mode: 0o600 })
    const file = await this.#jail.open(path, { access: 'write', follow: false })
    try {
      for await (const chunk of chunks) await file.write(chunk)
      // writing and a new owner take away what the mode and the attributes give
      await file.set({ owner })
      for (const [name, value] of entry.xattrs)
        await file.setXattr(name, Buffer.from(value, 'base64'))
      return await file.set({ mode, times })
    } finally {
      await file.close()
    }
  }

  async #setXattrs({ xattrs }: ManifestEntry, path: Buffer): Promise<void> {
    for (const [name, value] of xattrs)
      await this.#jail.setXattr(path, name, Buffer.from(value, 'base64'))
  }

  async #dress(entry: ManifestEntry): Promise<void> {
    const { type, mode, uid, gid, mtimeNs } = entry
    const path = pathBytes(entry.path)
    const { files } = this.#jail
    this.#step('repair:dress')
    await files.set(path, { owner: { uid, gid } }, false)
    await this.#setXattrs(entry, path)
    const times = { atimeNs: mtimeNs, mtimeNs }
    await files.set(path, type === 'symlink' ? { times } : { mode, times }, false)
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}
