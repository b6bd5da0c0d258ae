import { constants } from 'node:fs'
import type { EntryType, NewEntry } from '@caisson/core'

const NOTHING = new Uint8Array(0)

const formats: Readonly<Record<EntryType, number>> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  hardlink: 0,
  fifo: constants.S_IFIFO,
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
}

const MAKE = { mode: 1, owner: 2, times: 4, replace: 16, throughLink: 32 } as const

/** The fields of a `make`. */
export function makeFields(entry: NewEntry) {
  const { type, owner, times, device } = entry
  return {
    mask:
      (type === 'hardlink' || type === 'symlink' ? 0 : MAKE.mode) |
      (owner === undefined ? 0 : MAKE.owner) |
      (times === undefined ? 0 : MAKE.times) |
      (entry.replace === true ? MAKE.replace : 0) |
      (entry.throughLink === true ? MAKE.throughLink : 0),
    mode: formats[type] | (entry.mode & 0o7777),
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
    major: device?.major ?? 0,
    minor: device?.minor ?? 0,
    atimeNs: BigInt.asUintN(64, times?.atimeNs ?? 0n),
    mtimeNs: BigInt.asUintN(64, times?.mtimeNs ?? 0n),
    path: entry.path,
    target: entry.target ?? NOTHING,
    bytes: entry.content ?? NOTHING,
  }
}
