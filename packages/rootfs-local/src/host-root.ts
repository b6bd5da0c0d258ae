import type { RootLease } from '@caisson/core'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { hostMode, readHostFacts } from './host-facts.js'
import { SCANNED_DIRECTORIES } from './host-layout.js'
import { computeHostView, type HostView, type HostViewOptions } from './host-view.js'
import { rootfsError } from './rootfs-error.js'

/** Each part is a mount in every container: beyond this the view is no convenience any more. */
const MAX_PARTS = 64

/** What changes whenever the view might: the mount table, and the directories whose entries decide about hiding. */
function signature(mountInfo: string, include: readonly string[]): string {
  const stamps = ['/', '/var', ...SCANNED_DIRECTORIES, ...include].map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? '-' : `${stat.dev}:${stat.ino}:${stat.mtimeMs}:${stat.ctimeMs}`
  })
  return `${stamps.join(' ')}\n${mountInfo}`
}

function checkView(view: HostView): void {
  if (view.split.includes('/etc')) {
    throw rootfsError(
      'ERR_ROOTFS_INVALID',
      'host:',
      '/etc holds other mounts, and a user namespace may not look behind them',
      'Run as root, or use `busybox:` or `dir:`.',
    )
  }
  if (view.parts.length > MAX_PARTS) {
    throw rootfsError(
      'ERR_ROOTFS_INVALID',
      'host:',
      `mounts below ${view.split.join(', ')} cut the view into ${view.parts.length} parts`,
      'Run as root, or use `busybox:` or `dir:`.',
    )
  }
}

/** Identity of the lowers besides their paths: a directory replaced by another is another root. */
function lowerIds(view: HostView): string[] {
  return view.parts.flatMap((part) =>
    part.lowers.map((lower) => {
      const stat = statSync(lower, { throwIfNoEntry: false })
      return `${stat?.dev}:${stat?.ino}`
    }),
  )
}

function leaseOf(view: HostView): RootLease {
  const content = JSON.stringify([view.parts, view.extras, view.masked, lowerIds(view)])
  return {
    key: `host:${createHash('sha256').update(content).digest('hex')}`,
    parts: view.parts,
    extras: view.extras,
    masked: view.masked,
    copyOnWrite: true,
    durable: true,
    release: () => Promise.resolve(),
  }
}

/** Lends the host's own system; the same lease until mounts or the directories looked at change. */
export class HostRoot {
  readonly #options: HostViewOptions
  #signature = ''
  #lease: RootLease | undefined

  constructor(options: HostViewOptions) {
    this.#options = options
  }

  lend(): RootLease {
    const mountInfo = readFileSync('/proc/self/mountinfo', 'utf8')
    const current = signature(mountInfo, this.#options.include)
    if (this.#lease === undefined || current !== this.#signature) {
      const view = computeHostView(readHostFacts(mountInfo, hostMode()), this.#options)
      checkView(view)
      this.#lease = leaseOf(view)
      this.#signature = current
    }
    return this.#lease
  }
}
