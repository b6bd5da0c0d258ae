import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseBytes } from '../values/parse-bytes.js'
import { checkFields, plainObject } from './check-fields.js'
import type { MountSpec } from './container-spec.js'
import { parseAbsolutePath } from './parse-path.js'
import { parseFlag } from './parse-flag.js'

const bindFields: ReadonlySet<string> = new Set([
  'kind',
  'from',
  'to',
  'readonly',
  'exec',
  'symlinks',
  'owner',
])
const tmpfsFields: ReadonlySet<string> = new Set(['kind', 'to', 'size', 'exec'])
const defaultTmpfsBytes = 64 * 1024 ** 2

function parseTarget(value: unknown, field: string): string {
  const path = parseAbsolutePath(value, field, 'ERR_MOUNT_TARGET')
  if (path === '/' || path === '/proc' || path.startsWith('/proc/')) {
    const why = `${path} is the container's own: nothing can be mounted there`
    throw invalidArgument({ field, code: 'ERR_MOUNT_TARGET', why })
  }
  return path
}

function parseOwner(value: unknown, field: string): 'container' | 'source' {
  if (value === undefined || value === 'container') return 'container'
  if (value === 'source') return value
  throw invalidArgument({ field, why: 'must be `container` or `source`' })
}

function parseMount(value: unknown, field: string, exec: boolean): MountSpec {
  const { kind } = plainObject(value, field)
  if (kind === 'bind') {
    const mount = checkFields(value, field, bindFields)
    return Object.freeze({
      kind,
      from: parseAbsolutePath(mount['from'], `${field}.from`),
      to: parseTarget(mount['to'], `${field}.to`),
      readonly: parseFlag(mount['readonly'], `${field}.readonly`, true),
      exec: parseFlag(mount['exec'], `${field}.exec`, exec),
      symlinks: parseFlag(mount['symlinks'], `${field}.symlinks`, true),
      owner: parseOwner(mount['owner'], `${field}.owner`),
    })
  }
  if (kind === 'tmpfs') {
    const mount = checkFields(value, field, tmpfsFields)
    const size = mount['size'] ?? defaultTmpfsBytes
    return Object.freeze({
      kind,
      to: parseTarget(mount['to'], `${field}.to`),
      sizeBytes: parseBytes(size, `${field}.size`, { min: 4096 }),
      exec: parseFlag(mount['exec'], `${field}.exec`, exec),
    })
  }
  throw invalidArgument({ field: `${field}.kind`, why: 'must be `bind` or `tmpfs`' })
}

/**
 * @param exec whether mounts that do not say so may hold programs
 * @throws TypeError or RangeError ERR_INVALID_SPEC, ERR_MOUNT_TARGET
 */
export function parseMounts(value: unknown, exec: boolean): readonly MountSpec[] {
  if (!Array.isArray(value)) {
    throw invalidArgument({ field: 'mounts', why: `must be an array, not ${describeType(value)}` })
  }
  const mounts = value.map((item, index) => parseMount(item, `mounts[${index}]`, exec))
  const seen = new Map<string, number>()
  for (const [index, { to }] of mounts.entries()) {
    const first = seen.get(to)
    if (first !== undefined) {
      const why = `${to} is the target of mounts[${first}] already`
      throw invalidArgument({ field: `mounts[${index}].to`, code: 'ERR_MOUNT_TARGET', why })
    }
    seen.set(to, index)
  }
  return Object.freeze(mounts)
}
