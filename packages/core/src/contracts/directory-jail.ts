import type { CaissonError } from '../errors/caisson-error.js'
import type {
  FileAccess,
  FileChanges,
  FileOpening,
  FilePathBytes,
  FileStatus,
  OpenedFile,
} from './file-access.js'
import type { LauncherIdentity } from './launcher.js'

/** What may stand in a directory. `hardlink`: another name of an entry that is there. */
export type EntryType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'character' | 'block'

/** An entry to make, whole. */
export interface NewEntry {
  readonly type: EntryType
  readonly path: FilePathBytes
  /** Permission bits, set-ID and sticky included. Of a symlink or hardlink: nothing. */
  readonly mode: number
  /** Default: whoever the server is, root of its ids. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Nanoseconds since 1970. Default: now. */
  readonly times?: { readonly atimeNs: bigint; readonly mtimeNs: bigint }
  /** Of a symlink: any bytes. Of a hardlink: a path in the directory; its last component is not followed. */
  readonly target?: Uint8Array
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number }
  /** Of a file; at most 256 KiB, what is more is written after `open`. */
  readonly content?: Uint8Array
  /** What is there goes first, a directory with all in it. A directory for a directory is kept, and set. Default false. */
  readonly replace?: boolean
  /** Of a directory: a link to a directory that is there may stand for it. Default false. */
  readonly throughLink?: boolean
}

/** All that is known of an entry; links are not followed. */
export interface FoundEntry {
  readonly status: FileStatus
  readonly device: { readonly major: number; readonly minor: number }
  /** Bytes that lie on the disk; fewer than the size: it has holes. */
  readonly storedBytes: number
  /** Of a symlink, else empty. */
  readonly target: Uint8Array
  /** Extended attributes, values by name, in the kernel's order. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  /** Of a regular file no larger than was asked for; else undefined. */
  readonly content: Uint8Array | undefined
}

/** How a directory is walked. */
export interface WalkOptions {
  /** Leave out the content of files that have holes: what lies where is found by `open` and `seek`. Default false. */
  readonly omitHoles?: boolean
  /** Leave out the content of files of more bytes: for `copy`, or `open`. Default: of none. */
  readonly omitLarger?: number
}

/** What a walk comes to: an entry, or more of the content of the last one. */
export type WalkEvent =
  | {
      readonly kind: 'entry'
      /** Relative, without `/` at its end; `.` is the directory itself. */
      readonly path: Uint8Array
      /** Without content. */
      readonly found: FoundEntry
      /**
       * Content that follows; the walk fails when the file becomes shorter meanwhile. Undefined: what `omitHoles` or `omitLarger`
       * leaves out, or a large file with several names, whose content is for `open` or `copy` to get.
       */
      readonly contentBytes: number | undefined
    }
  | { readonly kind: 'content'; readonly bytes: Uint8Array }

/** An open file of a jail. */
export interface JailedFile extends OpenedFile {
  /** At most 256 KiB at an offset; what is left out between is a hole. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>
  setXattr(name: string, value: Uint8Array): Promise<void>
  /** Where the next data or hole begins; undefined when there is none up to the end. */
  seek(offset: number, what: 'data' | 'hole'): Promise<number | undefined>
}

/** A file that a queue has made, for its content. */
export interface QueuedFile {
  write(bytes: Uint8Array): void
  /** What is left out between is a hole. */
  writeAt(offset: number, bytes: Uint8Array): void
  set(changes: FileChanges): void
  setXattr(name: string, value: Uint8Array): void
  /** Once, whatever has failed. */
  close(): void
}

/**
 * Changes that are not waited for one by one, carried out in the order of calls: what is asked of the jail itself comes in between
 * only after `flush`. Bytes are copied by the call. With the first failure nothing more is done of what was asked before it
 * shows; `room` and `idle` throw it.
 */
export interface JailQueue {
  /** @param explain what the failure of this one is to be told as. Default: as it is */
  make(entry: NewEntry, explain?: (error: CaissonError) => Error): void
  setXattr(path: FilePathBytes, name: string, value: Uint8Array): void
  set(path: FilePathBytes, changes: FileChanges): void
  /** Opens a file that was made for writing; a promise while the server has too many open. Links are not followed. */
  open(path: FilePathBytes): QueuedFile | Promise<QueuedFile>
  /** Sends what is still kept here. */
  flush(): void
  /** More is under way than is good: time for `room`. */
  readonly full: boolean
  /** Until half of it is done. */
  room(): Promise<void>
  /** Until all is done. */
  idle(): Promise<void>
}

/** statfs(2) of a directory. */
export interface FileSystemSpace {
  /** The kernel's magic number of the file system's type. */
  readonly type: number
  readonly totalBytes: number
  /** For this user. */
  readonly availableBytes: number
  readonly totalInodes: number
  readonly freeInodes: number
}

/**
 * A directory of the host, served by a process for which it is `/`: no path, link or name, however hostile, leads out of
 * it. That process has no network, no descriptor outside but that of an `output`, and of system calls only those of files.
 * What is mounted below the directory is not seen. Requests are carried out in the order of calls, and need not be waited for
 * one by one.
 *
 * Ids are those of `identity`: the host's own for root; the 65536 of a container for a user with ranges; 0 alone, which is
 * this user, otherwise. An id that is not among them is ERR_FILE_TYPE (EINVAL); devices are root's alone to make (EPERM).
 * Errors are those of FileAccess; ERR_FILE_IO also when the process ended, ERR_DISPOSED after dispose.
 */
export interface DirectoryJail extends AsyncDisposable {
  readonly identity: LauncherIdentity
  readonly files: FileAccess
  make(entry: NewEntry): Promise<void>
  /** For many changes: cheaper by far than a promise for each. */
  queue(): JailQueue
  /** @param maxContent bytes of content wanted with it; at most 96 KiB, default 0 */
  get(path: FilePathBytes, maxContent?: number): Promise<FoundEntry>
  /**
   * All in the directory, itself first, parents before what is in them, sorted by the bytes of names; some at a time, which
   * hold good until the next are asked for: their memory is used again. More is asked for ahead; a walk that is left early is ended. Of 16 at once, the next waits for its turn.
   * @throws CaissonError ERR_FILE_*, of the entry where it cannot go on
   */
  walk(options?: WalkOptions): AsyncGenerator<readonly WalkEvent[], void, void>
  setXattr(path: FilePathBytes, name: string, value: Uint8Array): Promise<void>
  open(path: FilePathBytes, how: FileOpening): Promise<JailedFile>
  /**
   * Writes into the `output`, past this process. Present when the jail has one.
   * @throws CaissonError ERR_FILE_*; ERR_FILE_IO (ENODATA) when the file is shorter
   */
  readonly copy?: (part: CopiedPart) => Promise<void>
  /** Everything written to this file system so far is on the disk: syncfs(2). */
  sync(): Promise<void>
  space(): Promise<FileSystemSpace>
}

/** A part of a regular file that goes to the `output` of a jail. */
export interface CopiedPart {
  readonly path: FilePathBytes
  /** Where it begins, and how many bytes it has. */
  readonly from: number
  readonly size: number
  /** Where in the output it goes, after `bytes`. */
  readonly to: number
  /** At most 256 KiB that come before it. */
  readonly bytes: Uint8Array
}

/** A regular file of the host, to be known again. */
export interface JailOutput {
  /** Absolute. The last component is not followed. */
  readonly path: string
  /** By fstat(2) of who has it open. */
  readonly dev: bigint
  readonly ino: bigint
}

/** How a directory is served. */
export interface JailOptions {
  /** Default false. */
  readonly readOnly?: boolean
  /**
   * What `copy` writes to, the one thing outside of the directory. Anything but that very file at that path is ERR_LAUNCH
   * (ESTALE). Default: nothing.
   */
  readonly output?: JailOutput
}
