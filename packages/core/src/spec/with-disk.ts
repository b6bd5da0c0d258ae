import type { ContainerSpec } from './container-spec.js'
import { defaultInodes, keyOf } from './parse-container-spec.js'
import type { ParsedDisk } from './parsed-limits.js'

/** The spec with a writable layer of that size. */
export function withDisk(spec: ContainerSpec, disk: ParsedDisk | undefined): ContainerSpec {
  if (disk === undefined) return spec
  const upperBytes = disk.size ?? spec.upperBytes
  const files = disk.size === undefined ? spec.upperInodes : defaultInodes(disk.size)
  const sized = { ...spec, upperBytes, upperInodes: disk.inodes ?? files }
  return Object.freeze({ ...sized, key: keyOf(sized) })
}
