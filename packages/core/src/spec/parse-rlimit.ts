import { outOfRange } from '../errors/invalid-argument.js'
import { parseInteger } from '../values/parse-number.js'
import { bytes, code, count, milliseconds, orMax, parseParts } from './parse-limit-number.js'
import type { LimitParser } from './parse-limit-number.js'
import type { ParsedRlimit } from './parsed-limits.js'

/** Below the 128 KiB that argv may always take, exec succeeds and kills the process. */
const minStack = 128 * 1024
/** No program fits into less. */
const minAddressSpace = 1024 ** 2
/** A static program's own data and heap. */
const minData = 64 * 1024
/** PID_MAX_LIMIT of 64-bit kernels. */
export const maxPids = 4_194_304

const asNumber = (value: number | 'max'): number => (value === 'max' ? Infinity : value)

/** One value for both, or soft and hard; `order` says when soft exceeds hard. */
function rlimit(
  parse: LimitParser<number>,
  exceeds = (soft: number | 'max', hard: number | 'max'): boolean =>
    asNumber(soft) > asNumber(hard),
): LimitParser<ParsedRlimit> {
  const one = orMax(parse)
  return (value, field) => {
    if (typeof value !== 'object' || value === null) {
      const both = one(value, field)
      return Object.freeze({ soft: both, hard: both })
    }
    const { soft, hard } = parseParts(value, field, { soft: one, hard: one })
    if (soft === undefined || hard === undefined) {
      const missing = soft === undefined ? 'soft' : 'hard'
      const why = 'is missing: give soft and hard, or one value for both'
      throw outOfRange({ field: `${field}.${missing}`, why, code })
    }
    if (exceeds(soft, hard)) {
      const why = `${soft} is beyond the hard limit, ${hard}`
      throw outOfRange({ field: `${field}.soft`, why, code })
    }
    return Object.freeze({ soft, hard })
  }
}

const niceValue: LimitParser<number> = (value, field) =>
  parseInteger(value, field, { min: -20, max: 20, code })

/** The rlimits, each in its own unit. RSS and LOCKS are not among them: Linux ignores both. */
export const rlimitParsers = {
  processes: rlimit(count(1, maxPids)),
  openFiles: rlimit(count(1)),
  fileSize: rlimit(bytes(0)),
  stack: rlimit(bytes(minStack)),
  core: rlimit(bytes(0)),
  addressSpace: rlimit(bytes(minAddressSpace)),
  data: rlimit(bytes(minData)),
  lockedMemory: rlimit(bytes(0)),
  messageQueues: rlimit(bytes(0)),
  pendingSignals: rlimit(count(0)),
  // the lower, the more is allowed; `max` is -20
  nice: rlimit(niceValue, (soft, hard) => niceOf(soft) < niceOf(hard)),
  realtimePriority: rlimit(count(0, 99)),
  realtimeTime: rlimit(milliseconds(0.001)),
}

const niceOf = (value: number | 'max'): number => (value === 'max' ? -20 : value)
