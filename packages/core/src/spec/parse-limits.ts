import { parseBytes } from '../values/parse-bytes.js'
import { parseDuration } from '../values/parse-duration.js'
import { parseInteger, parseNumber } from '../values/parse-number.js'
import { checkFields, plainObject, unknownField } from './check-fields.js'
import type { LimitKey, Limits } from './limits.js'

type LimitParser = (value: unknown, field: string) => unknown

const code = 'ERR_LIMIT_RANGE'
const bytes =
  (min: number): LimitParser =>
  (value, field) =>
    parseBytes(value, field, { min, code })
const count: LimitParser = (value, field) =>
  parseInteger(value, field, { min: 1, max: 2 ** 31 - 1, code })
const ioFields: ReadonlySet<string> = new Set(['readBps', 'writeBps'])

function bandwidth(value: unknown, field: string): unknown {
  const io = checkFields(value, field, ioFields)
  const entries = Object.entries(io)
    .filter(([, rate]) => rate !== undefined)
    .map(([name, rate]) => [name, parseBytes(rate, `${field}.${name}`, { min: 1, code })])
  return Object.freeze(Object.fromEntries(entries))
}

/** How each limit of ours is parsed; those that limiters add are handed to them as they are. */
const parsers: Readonly<Partial<Record<string, LimitParser>>> = {
  memory: bytes(1),
  swap: bytes(0),
  cpu: (value, field) => parseNumber(value, field, { min: 0.001, max: 65_536, code }),
  cpuTime: (value, field) => parseDuration(value, field, { min: 1, code }),
  pids: count,
  processes: count,
  openFiles: count,
  fileSize: bytes(0),
  disk: bytes(1),
  io: bandwidth,
  stack: bytes(1),
  core: bytes(0),
  addressSpace: bytes(1),
} satisfies Readonly<Record<LimitKey, LimitParser>>

const none: Limits = Object.freeze({})

/**
 * Limits with bytes and milliseconds as numbers.
 * @param declared keys that limiters declare, beyond our own
 * @throws TypeError or RangeError ERR_LIMIT_RANGE for a bad value, ERR_INVALID_SPEC for an unknown limit
 */
export function parseLimits(value: unknown, field: string, declared: ReadonlySet<string>): Limits {
  if (value === undefined) return none
  const limits: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(plainObject(value, field))) {
    if (item === undefined) continue
    const parse = Object.hasOwn(parsers, key) ? parsers[key] : undefined
    if (parse === undefined && !declared.has(key)) {
      throw unknownField(key, field, [...Object.keys(parsers), ...declared])
    }
    limits[key] = parse === undefined ? item : parse(item, `${field}.${key}`)
  }
  return Object.freeze(limits)
}
