import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'

/** Edit distance, with neighbours swapped as one edit. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The known name that was probably meant, if one is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.slice(0, 40).toLowerCase()
  let best: string | undefined
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(wanted, candidate.toLowerCase())
    if (edits < least) {
      least = edits
      best = candidate
    }
  }
  return best
}

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
