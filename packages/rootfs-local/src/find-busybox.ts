import { open } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { errnoOf, rootfsError } from './rootfs-error.js'
import { readLinkage } from './static-elf.js'

/** Where a busybox of the host's own is looked for; never $PATH, which others may have set. */
export const BUSYBOX_PATHS: readonly string[] = [
  '/bin/busybox',
  '/usr/bin/busybox',
  '/bin/busybox.static',
  '/usr/bin/busybox-static',
]

const FIX =
  'apt-get install busybox-static (Fedora: dnf install busybox; Alpine: apk add busybox-static)'
/** A busybox has about two megabytes. */
const MAX_BYTES = 64 << 20

/** A static busybox, read. */
export interface Busybox {
  readonly path: string
  readonly binary: Buffer
  readonly sha256: string
}

/** What keeps a file from being used, or the file. Looked at and read through one descriptor. */
async function readBusybox(path: string): Promise<Busybox | string | undefined> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : `it cannot be read (${String(error)})`
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return 'it is no regular file'
    const linkage = await readLinkage(file)
    if (linkage === 'not-elf') return 'it is no ELF program of this machine'
    if (linkage === 'dynamic') return 'it is not static: it needs libraries that the root lacks'
    if (stat.size > MAX_BYTES) return `it has more than ${MAX_BYTES} bytes`
    const binary = Buffer.alloc(stat.size)
    const { bytesRead } = await file.read(binary, 0, stat.size, 0)
    if (bytesRead !== stat.size) return 'it changed while it was read'
    return { path, binary, sha256: createHash('sha256').update(binary).digest('hex') }
  } finally {
    await file.close()
  }
}

/**
 * The first static busybox among `paths`.
 * @throws CaissonError ERR_ROOTFS_NOT_FOUND when there is none at all, ERR_ROOTFS_INVALID when there are only unusable ones
 */
export async function findBusybox(paths: readonly string[]): Promise<Busybox> {
  const unusable: { path: string; why: string }[] = []
  for (const path of paths) {
    const found = await readBusybox(path)
    if (found === undefined) continue
    if (typeof found !== 'string') return found
    unusable.push({ path, why: found })
  }
  const first = unusable[0]
  if (first === undefined) {
    const why = `no busybox at ${paths.join(', ')}`
    throw rootfsError('ERR_ROOTFS_NOT_FOUND', 'busybox:', why, FIX)
  }
  throw rootfsError('ERR_ROOTFS_INVALID', first.path, first.why, FIX)
}
