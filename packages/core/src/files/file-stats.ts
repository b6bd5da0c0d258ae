import { constants } from 'node:fs'
import type { FileStatus } from '../contracts/file-access.js'
import type { FileStats, FileType } from './files.js'

const types: ReadonlyMap<number, FileType> = new Map([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFLNK, 'symlink'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFSOCK, 'socket'],
])

/** Of the type bits of a mode. */
export function fileType(mode: number): FileType {
  return types.get(mode & constants.S_IFMT) ?? 'device'
}

const date = (ns: bigint): Date => new Date(Number(ns / 1_000_000n))

/** A status as callers see it. */
export function fileStats(status: FileStatus): FileStats {
  return {
    type: fileType(status.mode),
    size: status.size,
    mode: status.mode & 0o7777,
    uid: status.uid,
    gid: status.gid,
    links: status.links,
    atime: date(status.atimeNs),
    mtime: date(status.mtimeNs),
    ctime: date(status.ctimeNs),
  }
}
