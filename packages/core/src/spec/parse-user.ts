import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseText } from '../values/parse-text.js'

// 2^32-1 means "no id" to the kernel
const maxId = 2 ** 32 - 2
// what the launcher has room for; the kernel takes 65,536, and nobody names so many by hand
const MAX_GROUPS = 64
const nameForm = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?$/

function checkId(value: unknown, field: string): string {
  const text = typeof value === 'number' ? String(value) : parseText(value, field)
  if (typeof value === 'number' || /^\d+$/.test(text)) {
    const id = Number(text)
    // digits are an id and never a name: a huge one must not be looked up in the container's passwd
    if (!Number.isInteger(id) || id < 0 || id > maxId) {
      throw outOfRange({ field, why: `an id is a whole number from 0 to ${maxId}` })
    }
    return String(id)
  }
  if (nameForm.test(text)) return text
  throw invalidArgument({
    field,
    why: `${JSON.stringify(text.slice(0, 40))} is neither an id nor a name`,
  })
}

/**
 * `uid`, `name`, `uid:gid` or `name:group`.
 * @throws TypeError or RangeError ERR_INVALID_SPEC
 */
export function parseUser(value: unknown, field: string): string {
  if (typeof value === 'number') return checkId(value, field)
  if (value === '0') return value
  const parts = parseText(value, field).split(':')
  if (parts.length > 2) throw invalidArgument({ field, why: 'must be `user` or `user:group`' })
  return parts.map((part) => checkId(part, field)).join(':')
}

/**
 * Supplementary groups.
 * @throws TypeError or RangeError ERR_INVALID_SPEC
 */
export function parseGroups(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) {
    throw invalidArgument({ field, why: `must be an array, not ${describeType(value)}` })
  }
  const groups = new Set(value.map((item, index) => checkId(item, `${field}[${index}]`)))
  if (groups.size > MAX_GROUPS) {
    throw outOfRange({ field, why: `${groups.size} are more than ${MAX_GROUPS}` })
  }
  return Object.freeze([...groups])
}
