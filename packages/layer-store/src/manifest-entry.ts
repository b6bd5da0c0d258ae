/** What an entry of a layer is. */
export type ManifestType =
  'file' | 'directory' | 'symlink' | 'fifo' | 'character' | 'block' | 'socket'

/**
 * Whose ids a manifest has. `host`: root's, all of them; `range`: those that files have inside the containers of a user with
 * ranges of ids; `own`: 0, who is this user, and 65534, who is anybody else.
 */
export type ManifestIds = 'host' | 'range' | 'own'

/** What was there when a layer was published. Bytes of names are characters of latin1: whatever they are, they stay exact. */
export interface ManifestEntry {
  /** Relative, without `.`, `..` and `/` at its ends; '' is the layer's own directory. */
  readonly path: string
  readonly type: ManifestType
  /** Permission, set-ID and sticky bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Of a file, with its holes; else 0. */
  readonly size: number
  readonly mtimeNs: bigint
  /** Of a file: sha256 in hexadecimal. */
  readonly digest: string | undefined
  /** Of a symlink. */
  readonly target: string | undefined
  readonly device: { readonly major: number; readonly minor: number } | undefined
  /** Names and values in base64, sorted; empty where they could not be read. */
  readonly xattrs: readonly (readonly [name: string, value: string])[]
  /** Another name of the file whose first name this is; all else is that one's. */
  readonly link: string | undefined
}

/** All of a layer, a directory before what is in it, names in the order of their bytes. */
export interface Manifest {
  readonly layer: string
  readonly ids: ManifestIds
  /** Whether extended attributes were read. */
  readonly xattrs: boolean
  readonly entries: readonly ManifestEntry[]
}

const formats: Readonly<Record<number, ManifestType>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o010000: 'fifo',
  0o020000: 'character',
  0o060000: 'block',
  0o140000: 'socket',
}

/** The type in a mode of stat(2). */
export function typeOfMode(mode: number): ManifestType {
  return formats[mode & 0o170000] ?? 'socket'
}

/**
 * Attributes that are the layer's: file capabilities, and what programs and overlays keep in `user.*`. Others are the host's
 * policy, and may change with it.
 */
export function isLayerXattr(name: string): boolean {
  return name === 'security.capability' || name.startsWith('user.')
}

/** The path of what has that name in a directory. */
export function childPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/** The directory of an entry; '' for those in the layer's own. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** The name of an entry in its directory. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** For calls of the kernel: bytes, `.` for the layer's own directory. */
export function pathBytes(path: string): Buffer {
  return Buffer.from(path === '' ? '.' : path, 'latin1')
}
