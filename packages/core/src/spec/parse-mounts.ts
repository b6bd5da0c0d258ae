import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseBytes } from '../values/parse-bytes.js'
import { checkFields, plainObject } from './check-fields.js'
import type { MountSpec } from './container-spec.js'
import { parseAbsolutePath } from './parse-path.js'
import { parseFlag } from './parse-flag.js'

const bindFields: ReadonlySet<string> = new Set(['kind', 'from', 'to', 'readonly'])
const tmpfsFields: ReadonlySet<string> = new Set(['kind', 'to', 'size'])
const defaultTmpfsBytes = 64 * 1024 ** 2

function parseTarget(value: unknown, field: string): string {
  const path = parseAbsolutePath(value, field, 'ERR_MOUNT_TARGET')
  if (path === '/' || path === '/proc' || path.startsWith('/proc/')) {
    const why = `${path} is the container's own: nothing can be mounted there`
    throw invalidArgument({ field, code: 'ERR_MOUNT_TARGET', why })
  }
  return path
}

function parseMount(value: unknown, field: string): MountSpec {
  const { kind } = plainObject(value, field)
  if (kind === 'bind') {
    const mount = checkFields(value, field, bindFields)
    return Object.freeze({
      kind,
      from: parseAbsolutePath(mount['from'], `${field}.from`),
      to: parseTarget(mount['to'], `${field}.to`),
      readonly: parseFlag(mount['readonly'], `${field}.readonly`, true),
    })
  }
  if (kind === 'tmpfs') {
    const mount = checkFields(value, field, tmpfsFields)
    const size = mount['size'] ?? defaultTmpfsBytes
    return Object.freeze({
      kind,
      to: parseTarget(mount['to'], `${field}.to`),
      sizeBytes: parseBytes(size, `${field}.size`, { min: 4096 }),
    })
  }
  throw invalidArgument({ field: `${field}.kind`, why: 'must be `bind` or `tmpfs`' })
}

/** @throws TypeError or RangeError ERR_INVALID_SPEC, ERR_MOUNT_TARGET */
export function parseMounts(value: unknown): readonly MountSpec[] {
  if (!Array.isArray(value)) {
    throw invalidArgument({ field: 'mounts', why: `must be an array, not ${describeType(value)}` })
  }
  const mounts = value.map((item, index) => parseMount(item, `mounts[${index}]`))
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
