import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { WayProbe } from './probe-writes.js'

/** The directory itself or, where it is not there yet, the one in which it would be made. */
export function nearest(path: string): string {
  return existsSync(path) || path === '/' ? path : nearest(dirname(path))
}

function codeOf(error: unknown): string {
  const { code } = typeof error === 'object' && error !== null ? { code: undefined, ...error } : {}
  return typeof code === 'string' ? code : String(error)
}

/** Whether files can share data until they are written to (FICLONE). Leaves nothing behind; never throws. */
export function probeReflink(directory: string): WayProbe {
  let scratch: string | undefined
  try {
    scratch = mkdtempSync(join(nearest(directory), '.caisson-probe-'))
    const from = join(scratch, 'from')
    writeFileSync(from, Buffer.alloc(65_536, 1))
    copyFileSync(from, join(scratch, 'to'), constants.COPYFILE_FICLONE_FORCE)
    return { ok: true, missing: [] }
  } catch (error) {
    const what = `files in ${directory} cannot share data (FICLONE: ${codeOf(error)})`
    const fix = 'Put the store on btrfs, on xfs made with reflink=1, or on bcachefs (`dataDir`).'
    return { ok: false, missing: [{ what, fix }] }
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
  }
}
