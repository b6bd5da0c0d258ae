/** What an entry is. */
export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'character' | 'block'

/** A piece of a file between holes, in bytes. */
export interface SparsePiece {
  readonly offset: number
  readonly length: number
}

/** What an archive says of an entry, extensions included. */
export interface TarEntry {
  readonly type: TarType
  /** As the archive has it: any bytes but NUL; may begin with `/` or hold `..`. */
  readonly path: Buffer
  /** Permission, set-ID and sticky bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Empty where there is none. */
  readonly userName: string
  readonly groupName: string
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint
  /** Of a file, with its holes; else 0. */
  readonly size: number
  /** Of a symlink: any bytes but NUL. Of a hardlink: a path like `path`. Else empty. */
  readonly target: Buffer
  readonly device: { readonly major: number; readonly minor: number }
  /** Extended attributes by name. */
  readonly xattrs: ReadonlyMap<string, Buffer>
  /** Where the data of a file lies when it has holes; undefined: it has none. */
  readonly pieces: readonly SparsePiece[] | undefined
}

/** An entry of an archive that is read. */
export interface FoundTarEntry extends TarEntry {
  /** Of its first header, in the uncompressed archive. */
  readonly offset: number
  /** Bytes of content that follow. */
  readonly stored: number
}
