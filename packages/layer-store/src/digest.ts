import { createHash } from 'node:crypto'
import { invalidArgument } from '@caisson/core'

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`

const form = /^sha256:[0-9a-f]{64}$/

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && form.test(value)
}

/**
 * A digest that is safe in a path. Nothing becomes part of one before this has looked at it (CVE-2024-3727).
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseDigest(value: unknown, field = 'digest'): Digest {
  if (isDigest(value)) return value
  const why = 'must be `sha256:` and 64 lower-case hexadecimal digits'
  throw invalidArgument({ field, why, subject: String(value).slice(0, 80) })
}

/** The digest of some bytes. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): Digest {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `sha256:${hash.digest('hex')}`
}

/** Its name in the store. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** The digest of that name in the store; undefined for names of another form. */
export function digestNamed(hex: string): Digest | undefined {
  const digest = `sha256:${hex}`
  return isDigest(digest) ? digest : undefined
}

/** The chain id of a layer upon those below it, as OCI image-spec defines it. */
export function chainIdOf(diffId: Digest, parent?: Digest): Digest {
  return parent === undefined ? diffId : digestOf(`${parent} ${diffId}`)
}

/** Stands for the diff id of a layer that is known by how it is made, not by what came out. */
export function recipeDiffId(recipe: string): Digest {
  return digestOf('caisson-recipe\0', recipe)
}
