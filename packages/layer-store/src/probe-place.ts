import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { trustedProgram, isCaissonError, type Probe } from '@caisson/core'
import { FileLock } from './file-lock.js'

/** Names of file systems by the kernel's magic numbers. */
const fileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x9123683e, 'btrfs'],
  [0x58465342, 'xfs'],
  [0xf2f52010, 'f2fs'],
  [0x2fc12fc1, 'zfs'],
  [0xca451a4e, 'bcachefs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
])

function nearest(path: string): string {
  return existsSync(path) || path === '/' ? path : nearest(dirname(path))
}

function nameOf(type: number): string {
  return fileSystems.get(type) ?? `unknown (${type.toString(16)})`
}

/** A second holder must be refused: some network file systems say yes to everybody. */
async function tryLock(scratch: string): Promise<string | undefined> {
  const first = await FileLock.take(scratch, { mode: 'exclusive' })
  const second = await FileLock.take(scratch, { mode: 'exclusive' })
  first?.release()
  second?.release()
  if (first === undefined) return 'it locks nothing'
  return second === undefined ? undefined : 'two hold the same lock'
}

/**
 * What a store needs of the place where it lies, or would lie: its file system, locks, and a program that could lay writes over a
 * root where the kernel does not. Leaves nothing behind; never throws.
 */
export async function probePlace(directory: string): Promise<Probe> {
  const facts: Record<string, string> = { store: directory }
  let scratch: string | undefined
  try {
    const place = nearest(directory)
    facts['fileSystem'] = nameOf(statfsSync(place).type)
    const fuse = existsSync('/dev/fuse') ? trustedProgram('fuse-overlayfs') : undefined
    facts['fuse-overlayfs'] = fuse ?? 'not there'
    scratch = mkdtempSync(join(place, '.caisson-probe-'))
    const why = await tryLock(scratch)
    facts['flock'] = why ?? 'works'
    if (why === undefined) return { ok: true, missing: [], degraded: [], facts }
    const fix = 'Put the store on a local file system such as ext4, xfs or btrfs (`dataDir`).'
    return { ok: false, missing: [{ what: `flock in ${place}: ${why}`, fix }], degraded: [], facts }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const fix = isCaissonError(error) && error.fix !== undefined ? error.fix : 'See the message.'
    return { ok: false, missing: [{ what, fix }], degraded: [], facts }
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
  }
}
