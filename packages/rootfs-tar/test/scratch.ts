import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR, isCaissonError, type CaissonError, type RootLease } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { LAYER_STORE, type LayerStore } from '@caisson/layer-store'
import { tarRootfs, type TarProgress, type TarRootfsOptions } from '../dist/index.js'

/** A data directory, a place for archives, and a provider. */
export class Scratch implements AsyncDisposable {
  readonly top = mkdtempSync(join(tmpdir(), 'caisson-rootfs-tar-'))
  readonly dataDir = join(this.top, 'data')
  readonly told: TarProgress[] = []
  readonly #scopes: Scope[] = []
  readonly #leases: RootLease[] = []

  /** What another driver is made with, as another process has it; this ends it. */
  openScope(): Scope {
    const scope = Scope.root().value(DATA_DIR, this.dataDir)
    this.#scopes.push(scope)
    return scope
  }

  /** Another driver. */
  open(
    options: TarRootfsOptions = {},
  ): (reference: string, signal?: AbortSignal) => Promise<string> {
    const scope = this.openScope()
    const onProgress = (one: TarProgress): void => void this.told.push(one)
    const provider = tarRootfs({ onProgress, ...options }).create(scope)
    return async (reference, signal) => {
      const lease = await provider.lend({ id: 'x', reference, ...(signal && { signal }) })
      this.#leases.push(lease)
      return lease.parts[0]?.lowers[0] ?? ''
    }
  }

  async store(): Promise<LayerStore> {
    const scope = this.#scopes[0]
    if (scope === undefined) throw new Error('nothing is open')
    return scope.resolve({ store: LAYER_STORE }).store.open()
  }

  /** A tree to make archives of. */
  tree(files: Readonly<Record<string, string>>): string {
    const tree = mkdtempSync(join(this.top, 'tree-'))
    // the root of what is unpacked belongs to another where an ordinary user has ranges, and is looked into all the same
    chmodSync(tree, 0o755)
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(tree, name, '..'), { recursive: true })
      writeFileSync(join(tree, name), content)
    }
    return tree
  }

  /** An archive of a tree, by GNU tar. */
  pack(tree: string, name: string, ...more: readonly string[]): string {
    const path = join(this.top, name)
    execFileSync('tar', [...more, '-cf', path, '-C', tree, '.'])
    return path
  }

  /** What lies in the store that is no blob, layer or name. */
  unfinished(): readonly string[] {
    const places = ['ingest', 'layers', 'trash']
    return places.flatMap((place) =>
      readdirSync(join(this.dataDir, 'store', place))
        .filter((name) => place !== 'layers' || name.startsWith('.'))
        .map((name) => `${place}/${name}`),
    )
  }

  phases(): readonly string[] {
    return this.told.map(({ phase }) => phase)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lease of this.#leases) await lease.release()
    for (const scope of this.#scopes.slice(1)) await scope[Symbol.asyncDispose]()
    const [first] = this.#scopes
    if (first !== undefined) await this.#empty(first)
    rmSync(this.top, { recursive: true, force: true })
  }

  /** Files in layers may belong to ids that only the launcher can remove. */
  async #empty(first: Scope): Promise<void> {
    const opened = existsSync(this.dataDir) ? await this.store() : undefined
    for (const { name } of opened?.refs.list() ?? []) await opened?.refs.delete(name)
    await first[Symbol.asyncDispose]()
    if (opened === undefined) return
    const scope = Scope.root().value(DATA_DIR, this.dataDir)
    tarRootfs().create(scope)
    const again = await scope.resolve({ store: LAYER_STORE }).store.open()
    await again.collect()
    await scope[Symbol.asyncDispose]()
  }
}

/** The CaissonError that a promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('nothing was rejected')
}
