/** A path inside a container's root, as bytes without NUL; relative paths start at the root. Links stay inside. */
export type FilePathBytes = Uint8Array

/** What stat(2) tells, with the container's own ids. */
export interface FileStatus {
  /** Type and permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
  readonly size: number
  readonly ino: bigint
  readonly dev: bigint
  /** Nanoseconds since 1970. */
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** An entry of a directory; never `.` or `..`. */
export interface ListedFile {
  readonly name: Uint8Array
  /** Of the entry itself, not of what a link points to. */
  readonly status: FileStatus
}

/** How a file is opened. */
export interface FileOpening {
  readonly access: 'read' | 'write' | 'append' | 'list'
  /** Make it, with exactly these permission bits, when it is not there. */
  readonly create?: number
  /** With `create`: it must not be there. */
  readonly exclusive?: boolean
  readonly truncate?: boolean
  /** Default true. False: a link as the last component is ERR_FILE_TYPE. */
  readonly follow?: boolean
}

/** What can be set; what is absent stays. */
export interface FileChanges {
  /** Permission bits. */
  readonly mode?: number
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Nanoseconds since 1970. */
  readonly times?: { readonly atimeNs: bigint; readonly mtimeNs: bigint }
  readonly size?: number
}

/** An open file or directory. */
export interface OpenedFile {
  /** When it was opened. */
  readonly status: FileStatus
  /** At most `size` bytes (up to 256 KiB) at an offset; none at the end. */
  read(offset: number, size: number): Promise<Uint8Array>
  /** Appends to what was written before; at most 256 KiB. */
  write(bytes: Uint8Array): Promise<void>
  /** The next entries of a directory; none at its end. */
  list(): Promise<readonly ListedFile[]>
  set(changes: FileChanges): Promise<void>
  /** Idempotent; fails when the file system could not keep what was written. */
  close(): Promise<void>
}

/** What happened in a watched directory. */
export interface FileEvent {
  /** Number of the watch; -1 for `overflow`. */
  readonly watch: number
  /**
   * `from` and `to` are the halves of a rename, with equal cookies. `ended`: the watch is no more, its directory was
   * removed. `overflow`: events were lost.
   */
  readonly kind: 'create' | 'remove' | 'modify' | 'from' | 'to' | 'ended' | 'overflow'
  readonly directory: boolean
  readonly cookie: number
  readonly name: Uint8Array
}

/** Watches on directories. */
export interface FileWatching extends AsyncDisposable {
  /** Watches the entries of a directory; gives the number of the watch. */
  add(path: FilePathBytes): Promise<number>
  remove(watch: number): Promise<void>
  /** Batches, in order; ends after dispose. A consumer that is slow loses events, and is told so by `overflow`. */
  readonly events: AsyncIterable<readonly FileEvent[]>
}

/**
 * The files of one container, as an isolation driver gives them. Paths are resolved inside the root, whatever the
 * container does meanwhile; only regular files are read and written. Requests are carried out in the order of calls.
 * Rejects with CaissonError: ERR_FILE_NOT_FOUND, ERR_FILE_EXISTS, ERR_FILE_TYPE, ERR_FILE_ACCESS, ERR_FILE_LIMIT,
 * ERR_FILE_IO, each with errno and path (`subject`), and ERR_CONTAINER_GONE after `remove`.
 */
export interface FileAccess {
  open(path: FilePathBytes, how: FileOpening): Promise<OpenedFile>
  stat(path: FilePathBytes, follow: boolean): Promise<FileStatus>
  /** `recursive`: also those above it, and one that is there is fine. */
  mkdir(path: FilePathBytes, mode: number, recursive: boolean): Promise<void>
  /** Follows no link, and enters no other mount. */
  remove(path: FilePathBytes, recursive: boolean): Promise<void>
  rename(from: FilePathBytes, to: FilePathBytes): Promise<void>
  symlink(target: Uint8Array, path: FilePathBytes): Promise<void>
  readlink(path: FilePathBytes): Promise<Uint8Array>
  link(from: FilePathBytes, to: FilePathBytes): Promise<void>
  set(path: FilePathBytes, changes: FileChanges, follow: boolean): Promise<void>
  watch(): Promise<FileWatching>
}
