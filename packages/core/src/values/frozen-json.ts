import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from './describe-type.js'

const MAX_DEPTH = 32

/**
 * A deep, frozen copy of what could have been read from JSON; fields that are undefined are left out.
 * @throws TypeError ERR_INVALID_SPEC, naming the place, for anything that JSON cannot hold
 */
export function frozenJson(value: unknown, field: string, depth = 0): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (depth > MAX_DEPTH) throw invalidArgument({ field, why: 'is nested too deeply' })
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    return Object.freeze(list.map((part, i) => frozenJson(part, `${field}[${i}]`, depth + 1)))
  }
  const isPlain =
    typeof value === 'object' &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  if (!isPlain) {
    const fix =
      typeof value === 'bigint' ? 'Write it as a text: `0x…` or decimal digits.' : undefined
    throw invalidArgument({ field, why: `JSON cannot hold ${describeType(value)}`, fix })
  }
  const entries = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => [name, frozenJson(part, `${field}.${name}`, depth + 1)])
  return Object.freeze(Object.fromEntries(entries))
}
