import { SharedWork, type RootLease } from '@caisson/core'
import { createHash } from 'node:crypto'
import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { buildBusyboxTree, TREE_VERSION } from './busybox-tree.js'
import { findBusybox, type Busybox } from './find-busybox.js'
import type { BusyboxProgress } from './progress.js'
import { abortedError, errnoOf, isFull, rootfsError, throwIfAborted } from './rootfs-error.js'
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

interface Held {
  readonly lease: RootLease
  readonly path: string
  readonly ino: number
  readonly busybox: Busybox
}

/** Lends a root made around a static busybox; made once for all processes that share the data directory. */
export class BusyboxRoot {
  readonly #paths: readonly string[]
  readonly #dataDir: string
  readonly #onProgress: ((progress: BusyboxProgress) => void) | undefined
  readonly #making = new SharedWork<Held>((reason) => abortedError('busybox:', reason))
  #held: Held | undefined

  constructor(
    paths: readonly string[],
    dataDir: string,
    onProgress: ((progress: BusyboxProgress) => void) | undefined,
  ) {
    this.#paths = paths
    this.#dataDir = dataDir
    this.#onProgress = onProgress
  }

  /** The last one to give up waits until nothing is left. */
  async lend(signal: AbortSignal | undefined): Promise<RootLease> {
    const held = this.#held
    if (held !== undefined && treeStat(held.path)?.ino === held.ino) {
      this.#tell('exists', held.busybox)
      return held.lease
    }
    this.#held = await this.#making.do('', signal, (all) => this.#make(all))
    return this.#held.lease
  }

  #tell(phase: BusyboxProgress['phase'], { path, binary }: Busybox): void {
    this.#onProgress?.({ phase, subject: path, bytes: binary.length, count: 1, total: 1 })
  }

  async #make(signal: AbortSignal): Promise<Held> {
    const busybox = await findBusybox(this.#paths)
    // The digest names the whole tree: the binary, and how we build around it.
    const digest = createHash('sha256').update(`${TREE_VERSION} ${busybox.sha256}`).digest('hex')
    const path = await this.#publish(busybox, digest, signal)
    const stat = treeStat(path)
    if (stat === undefined || !stat.isDirectory()) {
      const fix = `Remove ${path} and try again.`
      throw rootfsError('ERR_ROOTFS_INVALID', path, 'the published tree is no directory', fix)
    }
    this.#tell('done', busybox)
    return { lease: leaseOf(path, digest, stat), path, ino: stat.ino, busybox }
  }

  async #publish(busybox: Busybox, digest: string, signal: AbortSignal): Promise<string> {
    const parent = join(this.#dataDir, 'busybox')
    const path = join(parent, digest)
    if (treeStat(path) !== undefined) {
      this.#tell('exists', busybox)
      return path
    }
    this.#tell('install', busybox)
    try {
      return await publishDirectory(parent, digest, async (directory) => {
        const applets = await buildBusyboxTree(directory, busybox.binary, signal)
        requireShell(busybox.path, applets)
        throwIfAborted(signal, 'busybox:')
      })
    } catch (error) {
      throwIfAborted(signal, 'busybox:')
      const errno = errnoOf(error)
      if (errno?.startsWith('ERR_') === true) throw error
      const why = `the tree cannot be made there (${errno ?? String(error)})`
      if (isFull(errno))
        throw rootfsError('ERR_STORE_SPACE', parent, why, 'Make room there.', error)
      const fix = `Make ${this.#dataDir} writable, or give another dataDir.`
      throw rootfsError('ERR_ROOTFS_INVALID', parent, why, fix, error)
    }
  }
}
