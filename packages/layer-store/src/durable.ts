import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'

/** Writes a directory's names to the disk. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A new file whose bytes are on the disk; its name may not be. */
export function writeSynced(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const fd = openSync(path, 'wx', mode)
  try {
    writeFileSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Replaces a file: after a crash it holds all of the old or all of the new. */
export function replaceDurably(path: string, text: string | Uint8Array): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeSynced(draft, text)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncDirectory(dirname(path))
}

/** Whether a name is of a draft of `replaceDurably`. */
export function isDraft(name: string): boolean {
  return name.endsWith('.tmp')
}

/** The parsed content of a JSON file; undefined when it is not there or no JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
