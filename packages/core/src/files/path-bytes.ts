import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'

/** A path as people read it; bytes that are no UTF-8 become U+FFFD. */
export function pathText(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, path.length).toString()
}

/** Whether bytes are text, so that text says all of them. */
export function isText(bytes: Uint8Array): boolean {
  return Buffer.from(pathText(bytes)).equals(bytes)
}

/**
 * A path as bytes, as the kernel has it.
 * @throws CaissonError ERR_INVALID_SPEC when it is empty or holds a NUL
 */
export function pathBytes(path: unknown, field: string): Buffer {
  if (typeof path !== 'string' && !(path instanceof Uint8Array)) {
    throw invalidArgument({ field, why: `must be a string or bytes, not ${describeType(path)}` })
  }
  const bytes = typeof path === 'string' ? Buffer.from(path) : Buffer.from(path)
  if (bytes.length === 0) throw invalidArgument({ field, why: 'must not be empty' })
  if (bytes.includes(0)) throw invalidArgument({ field, why: 'must not hold a NUL' })
  return bytes
}

const SLASH = Buffer.from('/')

/** An entry's path. */
export function joinPath(directory: Uint8Array, name: Uint8Array): Buffer {
  if (directory.length === 0) return Buffer.from(name)
  const separate = directory[directory.length - 1] !== 0x2f
  return Buffer.concat(separate ? [directory, SLASH, name] : [directory, name])
}

/** The directory a path lies in; the root for one without a slash. */
export function parentPath(path: Uint8Array): Buffer {
  const end = trimmed(path)
  const at = Buffer.from(path.buffer, path.byteOffset, end).lastIndexOf(0x2f)
  return at <= 0 ? SLASH : Buffer.from(path.subarray(0, at))
}

/** The last component. */
export function baseName(path: Uint8Array): Buffer {
  const whole = Buffer.from(path.subarray(0, trimmed(path)))
  return whole.subarray(whole.lastIndexOf(0x2f) + 1)
}

function trimmed(path: Uint8Array): number {
  let end = path.length
  while (end > 1 && path[end - 1] === 0x2f) end--
  return end
}
