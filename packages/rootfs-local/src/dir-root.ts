import type { RootLease } from '@caisson/core'
import { realpathSync, statSync } from 'node:fs'
import { errnoOf, rootfsError } from './rootfs-error.js'

const FIX = 'Write `dir:` and the absolute path of a directory that holds bin, etc, usr and so on.'

const CODES: Readonly<Record<string, 'ERR_ROOTFS_NOT_FOUND' | 'ERR_ROOTFS_NOT_DIRECTORY'>> = {
  ENOENT: 'ERR_ROOTFS_NOT_FOUND',
  ENOTDIR: 'ERR_ROOTFS_NOT_DIRECTORY',
}

function checkReference(reference: string): void {
  if (reference === '') {
    throw rootfsError('ERR_ROOTFS_INVALID', 'dir:', 'no path after the scheme', FIX)
  }
  if (reference.includes('\0')) {
    throw rootfsError('ERR_ROOTFS_INVALID', 'dir:', 'the path contains a NUL byte', FIX)
  }
  if (!reference.startsWith('/')) {
    const why = 'the path is relative'
    throw rootfsError('ERR_ROOTFS_INVALID', reference, why, FIX)
  }
}

/** Where a path really leads. */
function resolve(reference: string): string {
  try {
    return realpathSync.native(reference)
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown error'
    const code = CODES[errno] ?? 'ERR_ROOTFS_INVALID'
    const why = errno === 'ENOENT' ? 'it, or what it links to, does not exist' : errno
    throw rootfsError(code, reference, why, FIX, error)
  }
}

/**
 * Lends an existing directory. Metadata is read by synchronous calls: they take microseconds, a round through the thread
 * pool takes more than a container's start may.
 */
export function lendDirectory(reference: string): RootLease {
  checkReference(reference)
  const path = resolve(reference)
  if (path === '/') {
    const fix = 'Use `host:`, which hides the secrets of this host, or name a directory below.'
    throw rootfsError('ERR_ROOTFS_INVALID', reference, 'it is the root of this host', fix)
  }
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) {
    throw rootfsError('ERR_ROOTFS_NOT_FOUND', reference, 'it vanished', FIX)
  }
  if (!stat.isDirectory()) {
    throw rootfsError('ERR_ROOTFS_NOT_DIRECTORY', reference, 'it is not a directory', FIX)
  }
  return {
    key: `dir:${stat.dev}:${stat.ino}:${path}`,
    parts: [{ at: '/', lowers: [path] }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    durable: true,
    release: () => Promise.resolve(),
  }
}
