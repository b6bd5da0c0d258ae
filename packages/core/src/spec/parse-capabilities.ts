import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { nearest } from '../values/nearest.js'
import { parseText } from '../values/parse-text.js'
import { capabilityNames } from './capability-names.js'

const known = new Set(capabilityNames)

/**
 * Names without CAP_, in the kernel's order, each once.
 * @throws TypeError ERR_INVALID_SPEC, ERR_CAPABILITY_UNKNOWN naming the item
 */
export function parseCapabilities(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const why = `must be an array of names, not ${describeType(value)}`
    throw invalidArgument({ field: 'capabilities', why })
  }
  const wanted = new Set(
    value.map((item, index) => parseCapability(item, `capabilities[${index}]`)),
  )
  return Object.freeze(capabilityNames.filter((name) => wanted.has(name)))
}

function parseCapability(value: unknown, field: string): string {
  const text = parseText(value, field)
  const name = text.startsWith('CAP_') ? text.slice(4) : text
  if (known.has(name)) return name
  const meant = nearest(name, capabilityNames)
  const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`
  const why = `there is no capability ${JSON.stringify(text.slice(0, 40))}${hint}`
  throw invalidArgument({ field, code: 'ERR_CAPABILITY_UNKNOWN', why })
}
