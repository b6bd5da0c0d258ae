import type { Readable } from 'node:stream'

/** A path in the container: text, or bytes where a name is no UTF-8. Relative paths start at `/`. */
export type FilePath = string | Uint8Array

/** What a file is. */
export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'

/** What is known of a file; ids are the container's own. */
export interface FileStats {
  readonly type: FileType
  readonly size: number
  /** Permission bits, set-user-ID and its like included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** How many names it has. */
  readonly links: number
  readonly atime: Date
  readonly mtime: Date
  readonly ctime: Date
}

/** An entry of a directory. */
export interface DirectoryEntry extends FileStats {
  /** The last component; bytes that are no UTF-8 show as U+FFFD. */
  readonly name: string
  /** From the directory that was read. */
  readonly path: string
  /** The whole path as bytes, which works whatever the name is made of: pass it to any method. */
  readonly bytes: Uint8Array
}

/** Ids as the container has them. */
export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

/** Gives an operation up: ERR_ABORTED with the signal's reason as `cause`. */
export interface Abortable {
  readonly signal?: AbortSignal
}

/** How a file is read whole. */
export interface ReadFileOptions extends Abortable {
  /** Default: bytes. */
  readonly encoding?: 'utf8'
  /** A longer file is ERR_FILE_LIMIT. In bytes; default 256 MiB: a hostile file must not eat the caller's memory. */
  readonly maxBytes?: number
}

/** How a file is written. */
export interface WriteFileOptions extends Abortable {
  /** Permission bits of a new file, exactly. Default 0o644. */
  readonly mode?: number
  /** `w` replaces, `a` appends, `wx` and `ax` fail with ERR_FILE_EXISTS when it is there. Default `w`. */
  readonly flag?: 'w' | 'wx' | 'a' | 'ax'
  /** Make missing directories above it. Default false. */
  readonly mkdir?: boolean
}

/** What to write. */
export type FileData = string | Uint8Array | AsyncIterable<string | Uint8Array>

/** How a directory is listed. */
export interface ReaddirOptions extends Abortable {
  /** All below it too; links are not followed. Default false. */
  readonly recursive?: boolean
  /** More entries are ERR_FILE_LIMIT. Default 1,000,000. */
  readonly maxEntries?: number
}

/** What of a tree is copied, and how much of it at most. */
export interface CopyOptions extends Abortable {
  /** Whether to copy an entry, by its path from the top (`''` for the top). Default: all. */
  readonly filter?: (path: string, type: FileType) => boolean
  /**
   * More bytes of content are ERR_FILE_LIMIT; what was copied before stays. A hole counts as its zeros: a sparse file of a
   * container can be larger than the disk. Default out of a container (`copyOut`, `tar`): 16 GiB; `Infinity`: no limit, and then
   * a container may fill the disk that it is copied to. Default into one: no limit but the container's.
   */
  readonly maxBytes?: number
  /**
   * More entries than so many, those that `filter` leaves out included, are ERR_FILE_LIMIT. Default out of a container:
   * 1,000,000, since they are listed in memory; into one: no limit but the container's.
   */
  readonly maxEntries?: number
}

/** What of a tree is copied into a container, and whose it is there. */
export interface CopyInOptions extends CopyOptions {
  /** Of all that is made. Default: root of the container. */
  readonly owner?: FileOwner
}

/** What is watched, and until when. */
export interface WatchOptions extends Abortable {
  /** Also all directories below, new ones included, as deep as a path is long (4095 bytes). Default false. */
  readonly recursive?: boolean
}

/** What happened, by path from the directory that is watched. */
export interface WatchEvent {
  /** `overflow`: events were lost; look at everything. `path` is empty then. */
  readonly type: 'create' | 'modify' | 'remove' | 'rename' | 'overflow'
  readonly path: string
  /** Of a `rename` inside what is watched: the path before. Into it: `create`, out of it: `remove`. */
  readonly from?: string
}

/**
 * The files of a container: names and meanings of node:fs/promises, but for what is said here. Works while it runs, is
 * paused or stopped, until it is removed. Acts as root of the container; what it makes belongs to that. Links are
 * followed inside the container's root and never out of it. Only regular files are read and written: a FIFO, device or
 * socket is ERR_FILE_TYPE at once.
 *
 * Rejects with ERR_FILE_NOT_FOUND, ERR_FILE_EXISTS, ERR_FILE_TYPE, ERR_FILE_ACCESS, ERR_FILE_LIMIT, ERR_FILE_IO (with
 * `errno` and, as `subject`, the path), ERR_ABORTED, ERR_INVALID_SPEC, ERR_CONTAINER_STATE when it is removed and
 * ERR_UNSUPPORTED when the isolation driver lacks the feature `files`.
 */
export interface Files {
  readFile(
    path: FilePath,
    options: 'utf8' | (ReadFileOptions & { readonly encoding: 'utf8' }),
  ): Promise<string>
  readFile(path: FilePath, options?: ReadFileOptions): Promise<Uint8Array>
  /** The file from `start` on; at most 512 KiB are held for a reader that does not read. */
  createReadStream(path: FilePath, options?: Abortable & { readonly start?: number }): Readable
  writeFile(path: FilePath, data: FileData, options?: WriteFileOptions): Promise<void>
  /** Many small files at once, by path; makes missing directories. */
  writeFiles(
    files: Readonly<Record<string, string | Uint8Array>>,
    options?: Abortable & { readonly mode?: number },
  ): Promise<void>
  readdir(path: FilePath, options?: ReaddirOptions): Promise<readonly DirectoryEntry[]>
  stat(path: FilePath): Promise<FileStats>
  /** Of a link itself. */
  lstat(path: FilePath): Promise<FileStats>
  /** Whether there is something, through links. Only ERR_FILE_NOT_FOUND and ERR_FILE_TYPE mean no. */
  exists(path: FilePath): Promise<boolean>
  /** `mode`: exactly; default 0o755. `recursive`: one that is there is fine. */
  mkdir(
    path: FilePath,
    options?: { readonly recursive?: boolean; readonly mode?: number },
  ): Promise<void>
  /**
   * Removes a file or link; with `recursive` also a directory with all in it. Follows no link and enters no other mount
   * (ERR_FILE_ACCESS). `force`: fine when it is not there.
   */
  rm(
    path: FilePath,
    options?: { readonly recursive?: boolean; readonly force?: boolean },
  ): Promise<void>
  rename(from: FilePath, to: FilePath): Promise<void>
  symlink(target: FilePath, path: FilePath): Promise<void>
  /** Bytes that are no UTF-8 become U+FFFD. */
  readlink(path: FilePath): Promise<string>
  chmod(path: FilePath, mode: number): Promise<void>
  chown(path: FilePath, uid: number, gid: number): Promise<void>
  utimes(path: FilePath, atime: Date, mtime: Date): Promise<void>
  truncate(path: FilePath, size?: number): Promise<void>
  /**
   * Copies a file or tree of the host to `path`, into a directory that is there. Links stay links; permission bits and
   * times are kept. What is no file, directory or link is ERR_FILE_TYPE: leave it out by `filter`.
   */
  copyIn(host: string, path: FilePath, options?: CopyInOptions): Promise<void>
  /**
   * Copies a file or tree to `host`, into a directory that is there; what is made belongs to this process and has no
   * set-user-ID bits. Links stay links, whatever they point to: mind them when you go on. Links of the host below the
   * target are replaced, never followed, also when somebody makes them meanwhile.
   */
  copyOut(path: FilePath, host: string, options?: CopyOptions): Promise<void>
  /** A tar archive of a file, or of all in a directory. Names must be UTF-8 (ERR_FILE_ARCHIVE). */
  tar(path: FilePath, options?: CopyOptions): Readable
  /**
   * Unpacks a tar archive into a directory, which is made if need be. Everything stays below it: `..` in a name, and
   * names that lead through links, are ERR_FILE_ARCHIVE; absolute names start at the directory. Files, directories,
   * links and hard links only; owner is root of the container unless given, set-user-ID bits are not kept.
   */
  untar(path: FilePath, archive: AsyncIterable<Uint8Array>, options?: CopyInOptions): Promise<void>
  /** Says what happens in a directory, until the signal or the end of the loop. The directory is watched once the first `next()` is called. */
  watch(path: FilePath, options?: WatchOptions): AsyncIterable<WatchEvent>
}
