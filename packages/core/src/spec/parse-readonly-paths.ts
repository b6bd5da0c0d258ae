import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import type { MountSpec } from './container-spec.js'
import { parseAbsolutePath } from './parse-path.js'

const MAX_PATHS = 256

function refuse(n: number, subject: string, why: string, fix: string): TypeError {
  return invalidArgument({ field: `readonlyPaths[${n}]`, subject, why, fix })
}

function parsePath(value: unknown, n: number, mounts: readonly MountSpec[]): string {
  const path = parseAbsolutePath(value, `readonlyPaths[${n}]`)
  if (path === '/') throw refuse(n, path, 'that is the root', 'Set readonlyRoot: true.')
  const own = ['/proc', '/sys', '/dev'].find((at) => path === at || path.startsWith(`${at}/`))
  if (own !== undefined)
    throw refuse(n, path, `${own} is the container's own`, 'Leave it out: what matters there is.')
  const mount = mounts.find(({ to }) => path === to || path.startsWith(`${to}/`))
  if (mount === undefined) return path
  const why = `${mount.to} is a mount, not of the root`
  throw refuse(
    n,
    path,
    why,
    'Make the mount read-only, or mount that path of it once more, read-only.',
  )
}

/**
 * Paths of the root that take no writes; undefined: none.
 * @throws TypeError ERR_INVALID_SPEC, naming the field
 */
export function parseReadonlyPaths(
  value: unknown,
  mounts: readonly MountSpec[],
): readonly string[] | undefined {
  if (value === undefined) return undefined
  const field = 'readonlyPaths'
  if (!Array.isArray(value))
    throw invalidArgument({ field, why: `must be an array, not ${describeType(value)}` })
  if (value.length > MAX_PATHS)
    throw invalidArgument({ field, why: `${value.length} entries are more than ${MAX_PATHS}` })
  const paths = value.map((path: unknown, n) => parsePath(path, n, mounts))
  // outer ones first: what is read-only with its directory needs nothing of its own
  const outer = [...new Set(paths)].toSorted()
  const kept = outer.filter((path) => !outer.some((one) => path.startsWith(`${one}/`)))
  return kept.length === 0 ? undefined : Object.freeze(kept)
}
