import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { nearest } from '../values/nearest.js'

/** Refuses a field, and says which one was probably meant. */
export function unknownField(name: string, prefix: string, known: Iterable<string>): TypeError {
  const meant = nearest(name, known)
  const field = prefix === '' ? name : `${prefix}.${name}`
  const why = meant === undefined ? 'unknown field' : `unknown field; did you mean \`${meant}\`?`
  return invalidArgument({ field: field.slice(0, 80), why })
}

/**
 * The value as a plain object of known fields.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function checkFields(
  value: unknown,
  prefix: string,
  known: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const object = plainObject(value, prefix)
  for (const name of Object.keys(object)) {
    if (!known.has(name)) throw unknownField(name, prefix, known)
  }
  return object
}

/**
 * The value as an object of unknown fields.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function plainObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) {
    const name = field === '' ? 'options' : field
    throw invalidArgument({ field: name, why: `must be an object, not ${describeType(value)}` })
  }
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
