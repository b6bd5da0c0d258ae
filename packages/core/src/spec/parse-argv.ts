import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseText } from '../values/parse-text.js'

/** The kernel's MAX_ARG_STRLEN less the NUL at the end: no single argument or variable is longer. */
export const maxStringBytes = 32 * 4096 - 1

/**
 * A command and its arguments. Their sum is left to the kernel (E2BIG), which knows the stack limit.
 * @throws TypeError ERR_INVALID_SPEC, ERR_ARGV_TOO_LARGE, naming the argument
 */
export function parseArgv(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const why = `must be an array of strings, not ${describeType(value)}`
    throw invalidArgument({ field: 'argv', why })
  }
  if (value.length === 0) throw invalidArgument({ field: 'argv', why: 'must name a command' })
  const argv = value.map((item: unknown, index) => {
    const field = `argv[${index}]`
    const text = parseText(item, field, { empty: index > 0 })
    return checkSize(text, field)
  })
  return Object.freeze(argv)
}

/** @throws TypeError ERR_ARGV_TOO_LARGE */
export function checkSize(text: string, field: string): string {
  return parseText(text, field, {
    empty: true,
    maxBytes: maxStringBytes,
    code: 'ERR_ARGV_TOO_LARGE',
  })
}
