import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { parseText } from '../values/parse-text.js'
import { plainObject, unknownField } from './check-fields.js'
import type { LimitKey } from './limits.js'
import { parseCpu } from './parse-cpu.js'
import { parseIo } from './parse-io.js'
import {
  bytes,
  code,
  count,
  milliseconds,
  orMax,
  parseNamed,
  parseParts,
  type LimitParser,
} from './parse-limit-number.js'
import { parseMemory } from './parse-memory.js'
import { maxPids, rlimitParsers } from './parse-rlimit.js'
import type { ParsedDisk, ParsedLimits, ParsedLimitTypes } from './parsed-limits.js'

/** A field of cgroup v2 whose value is written as it is. */
const unifiedName = /^[a-z0-9_]+(?:\.[A-Za-z0-9_-]+)+$/

function parseUnifiedValue(value: unknown, field: string): string {
  const name = field.slice(field.indexOf('unified.') + 'unified.'.length)
  if (name.startsWith('cgroup.')) {
    const why = 'files named cgroup.* hold the processes and belong to the driver'
    throw invalidArgument({ field, why, code })
  }
  const text = parseText(value, field, { maxBytes: 4095, code })
  if (!text.includes('\n')) return text
  throw invalidArgument({ field, why: 'must be one line: the kernel takes one write', code })
}

const diskParts = { size: bytes(65_536), inodes: count(64) }
const parseDisk: LimitParser<ParsedDisk> = (value, field) =>
  typeof value === 'object' && value !== null
    ? parseParts(value, field, diskParts)
    : Object.freeze({ size: diskParts.size(value, field) })

const rdmaCount = orMax(count(0))
const rdmaParts = { handles: rdmaCount, objects: rdmaCount }

/** How each limit of ours is parsed; those that limiters add are handed to them as they are. */
const parsers: { readonly [K in keyof ParsedLimitTypes]: LimitParser<ParsedLimitTypes[K]> } = {
  memory: parseMemory,
  cpu: parseCpu,
  cpuTime: milliseconds(1),
  pids: orMax(count(1, maxPids)),
  io: parseIo,
  hugetlb: (value, field) =>
    parseNamed(
      plainObject(value, field),
      field,
      /^[1-9]\d{0,5}(?:KB|MB|GB)$/,
      "a page size like '2MB'",
      orMax(bytes(0)),
    ),
  rdma: (value, field) =>
    parseNamed(plainObject(value, field), field, /^[\w.-]{1,64}$/, 'a device', (item, of) =>
      parseParts(item, of, rdmaParts),
    ),
  misc: (value, field) =>
    parseNamed(
      plainObject(value, field),
      field,
      /^[a-z0-9_]{1,64}$/,
      'a resource',
      orMax(count(0, Number.MAX_SAFE_INTEGER)),
    ),
  disk: parseDisk,
  unified: (value, field) =>
    parseNamed(
      plainObject(value, field),
      field,
      unifiedName,
      'a file of a cgroup',
      parseUnifiedValue,
    ),
  ...rlimitParsers,
} satisfies Readonly<Record<LimitKey, LimitParser<unknown>>>

const table: Readonly<Partial<Record<string, LimitParser<unknown>>>> = parsers
/** Every limit of ours. */
export const limitKeys: readonly string[] = Object.freeze(Object.keys(table))
const none: ParsedLimits = Object.freeze({})

/**
 * Limits in their canonical form: bytes, microseconds, pairs (see `ParsedLimitTypes`).
 * @param declared keys that limiters declare, beyond our own
 * @throws TypeError or RangeError ERR_LIMIT_RANGE for a bad value, ERR_INVALID_SPEC for an unknown limit
 */
export function parseLimits(
  value: unknown,
  field: string,
  declared: ReadonlySet<string> = new Set(),
): ParsedLimits {
  if (value === undefined) return none
  const limits: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(plainObject(value, field))) {
    if (item === undefined) continue
    const parse = Object.hasOwn(table, key) ? table[key] : undefined
    if (parse === undefined && !declared.has(key)) {
      throw unknownField(key, field, [...Object.keys(table), ...declared])
    }
    const parsed = parse === undefined ? item : parse(item, `${field}.${key}`)
    if (isEmpty(parsed)) {
      throw outOfRange({ field: `${field}.${key}`, why: 'asks for nothing: it is empty', code })
    }
    limits[key] = parsed
  }
  return Object.freeze(limits)
}

/** An empty object would count as enforced, and limit nothing. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
