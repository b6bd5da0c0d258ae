import type { RootLease } from '@caisson/core'
import { createHash } from 'node:crypto'
import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { buildBusyboxTree, TREE_VERSION } from './busybox-tree.js'
import { findBusybox, type Busybox } from './find-busybox.js'
import { errnoOf, rootfsError } from './rootfs-error.js'
import { publishDirectory } from './staging.js'

function treeStat(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    // Whatever keeps it from being looked at keeps it from being made, and is explained then.
    return undefined
  }
}

function leaseOf(path: string, digest: string, stat: Stats): RootLease {
  return {
    key: `busybox:${digest}:${stat.dev}:${stat.ino}`,
    parts: [{ at: '/', lowers: [path] }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    durable: true,
    release: () => Promise.resolve(),
  }
}

function requireShell(path: string, applets: readonly string[]): void {
  if (applets.includes('sh')) return
  const fix = 'Install a complete one: apt-get install busybox-static'
  throw rootfsError('ERR_ROOTFS_INVALID', path, 'it lists no applet `sh`', fix)
}

/** Lends a root made around a static busybox; made once for all processes that share the data directory. */
export class BusyboxRoot {
  readonly #paths: readonly string[]
  readonly #dataDir: string
  #lease: { readonly path: string; readonly lease: RootLease; readonly ino: number } | undefined
  #making: Promise<RootLease> | undefined

  constructor(paths: readonly string[], dataDir: string) {
    this.#paths = paths
    this.#dataDir = dataDir
  }

  async lend(): Promise<RootLease> {
    const held = this.#lease
    if (held !== undefined && treeStat(held.path)?.ino === held.ino) return held.lease
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(): Promise<RootLease> {
    const busybox = await findBusybox(this.#paths)
    // The digest names the whole tree: the binary, and how we build around it.
    const digest = createHash('sha256').update(`${TREE_VERSION} ${busybox.sha256}`).digest('hex')
    const path = await this.#publish(busybox, digest)
    const stat = treeStat(path)
    if (stat === undefined || !stat.isDirectory()) {
      const fix = `Remove ${path} and try again.`
      throw rootfsError('ERR_ROOTFS_INVALID', path, 'the published tree is no directory', fix)
    }
    const lease = leaseOf(path, digest, stat)
    this.#lease = { path, lease, ino: stat.ino }
    return lease
  }

  async #publish(busybox: Busybox, digest: string): Promise<string> {
    const parent = join(this.#dataDir, 'busybox')
    const path = join(parent, digest)
    if (treeStat(path) !== undefined) return path
    try {
      return await publishDirectory(parent, digest, (directory) =>
        buildBusyboxTree(directory, busybox.binary, (applets) =>
          requireShell(busybox.path, applets),
        ),
      )
    } catch (error) {
      const errno = errnoOf(error)
      if (errno?.startsWith('ERR_') === true) throw error
      const fix = `Make ${this.#dataDir} writable, or give another dataDir.`
      const why = `the tree cannot be made there (${errno ?? String(error)})`
      throw rootfsError('ERR_ROOTFS_INVALID', parent, why, fix, error)
    }
  }
}
