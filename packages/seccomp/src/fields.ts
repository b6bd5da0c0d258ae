import { profileError } from './profile-error.js'

/** The fields of an object of a profile, of whose values nothing is known yet; null stands for absent, as JSON writers do. */
export type Fields = ReadonlyMap<string, unknown>

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/** @throws TypeError ERR_SECCOMP_PROFILE for anything but an object of these fields */
export function fieldsOf(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw profileError(place, `must be an object, not ${kindOf(value)}`)
  }
  const fields = Object.entries(value).filter(([, part]) => part !== null && part !== undefined)
  for (const [name] of fields) {
    if (known.includes(name)) continue
    throw profileError(at(place, name), `unknown field; known are ${known.join(', ')}`)
  }
  return new Map(fields)
}

/** The place of a field. */
export function at(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

/** @throws TypeError ERR_SECCOMP_PROFILE */
export function textOf(value: unknown, place: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw profileError(place, `must be a text, not ${value === '' ? 'an empty one' : kindOf(value)}`)
}

/** An array's elements, each with its place. @throws TypeError ERR_SECCOMP_PROFILE */
export function listOf(value: unknown, place: string): readonly (readonly [unknown, string])[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw profileError(place, `must be an array, not ${kindOf(value)}`)
  return value.map((part: unknown, i) => [part, `${place}[${i}]`])
}

/** @throws TypeError ERR_SECCOMP_PROFILE */
export function textsOf(value: unknown, place: string): readonly string[] {
  return listOf(value, place).map(([part, where]) => textOf(part, where))
}

/** One of these words. @throws TypeError ERR_SECCOMP_PROFILE */
export function oneOf<K extends string>(
  value: unknown,
  place: string,
  words: Readonly<Record<K, unknown>>,
): K {
  const text = textOf(value, place)
  const isWord = (word: string): word is K => Object.hasOwn(words, word)
  if (isWord(text)) return text
  throw profileError(place, `${text} is none of ${Object.keys(words).join(', ')}`)
}

const word = (1n << 64n) - 1n

/** A number of 64 bits. @throws TypeError ERR_SECCOMP_PROFILE */
export function numberOf(value: unknown, place: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const why = `${value} is no whole number that JSON can hold exactly`
    throw profileError(place, why, 'Write a number of more than 53 bits as a text, "0x…".')
  }
  const written = typeof value === 'string' && /^(\d{1,20}|0x[\da-fA-F]{1,16})$/.test(value)
  if (typeof value !== 'number' && typeof value !== 'bigint' && !written) {
    throw profileError(place, `must be a number, not ${kindOf(value)}`)
  }
  const number = BigInt(value)
  if (number < 0n || number > word) throw profileError(place, 'must be from 0 to 2^64-1')
  return number
}
