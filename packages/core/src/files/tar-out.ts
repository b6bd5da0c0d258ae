import type { FileAccess, FileStatus } from '../contracts/file-access.js'
import type { ArchiveEntry } from './archive.js'
import { checkAbort } from './abort.js'
import { Bounds, OUTWARD } from './bounds.js'
import { readContent } from './content.js'
import { fileFault } from './file-error.js'
import { fileStats } from './file-stats.js'
import type { CopyOptions } from './files.js'
import { baseName, isText, pathText } from './path-bytes.js'
import { walkFiles } from './walk-files.js'

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Exactly so many bytes, as the header has said; what was written since is left out. */
async function* exactly(
  content: AsyncIterable<Uint8Array>,
  size: number,
  path: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let left = size
  for await (const chunk of content) {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (part.length > 0) yield part
    if (left === 0) return
  }
  if (left > 0) throw fileFault('ERR_FILE_IO', path, 'it got shorter while it was read')
}

/** A file, or all in a directory, as entries of an archive. */
export async function* archiveEntries(
  access: FileAccess,
  top: Uint8Array,
  options: CopyOptions,
): AsyncGenerator<ArchiveEntry> {
  const { signal, filter } = options
  const bounds = new Bounds(options, top, OUTWARD)
  const wanted = (below: Uint8Array, status: FileStatus): boolean =>
    filter?.(pathText(below), fileStats(status).type) ?? true
  const one = async function* (
    path: Uint8Array,
    name: Uint8Array,
    status: FileStatus,
  ): AsyncGenerator<ArchiveEntry> {
    const { type, mode, mtime, uid, gid } = fileStats(status)
    const target = type === 'symlink' ? await access.readlink(path) : new Uint8Array(0)
    if (!isText(name) || !isText(target))
      throw fileFault('ERR_FILE_ARCHIVE', path, 'its name or target is no UTF-8')
    const entry = { name: pathText(name), mode, mtime, uid, gid, target: pathText(target) }
    if (type === 'directory' || type === 'symlink')
      yield { ...entry, type, size: 0, content: nothing() }
    else if (type !== 'file') throw fileFault('ERR_FILE_TYPE', path, `a ${type} cannot be archived`)
    else yield* file(path, entry)
  }
  const file = async function* (
    path: Uint8Array,
    entry: Omit<ArchiveEntry, 'type' | 'size' | 'content'>,
  ): AsyncGenerator<ArchiveEntry> {
    const opened = await access.open(path, { access: 'read', follow: false })
    try {
      const { size } = opened.status
      bounds.add(size)
      const content = exactly(readContent(opened, 0, signal), size, path)
      yield { ...entry, type: 'file', size, content }
    } finally {
      await opened.close()
    }
  }
  const status = await access.stat(top, true)
  if (fileStats(status).type !== 'directory') {
    if (wanted(new Uint8Array(0), status)) yield* one(top, baseName(top), status)
    return
  }
  const enter = ({ below, status: is }: { below: Uint8Array; status: FileStatus }): boolean =>
    wanted(below, is)
  for await (const { path, below, status: is } of walkFiles(access, top, {
    signal,
    enter,
    most: bounds.enter,
  })) {
    checkAbort(signal)
    if (wanted(below, is)) yield* one(path, below, is)
  }
}
