import { outOfRange } from '../errors/invalid-argument.js'
import { bytes, code, orMax, parseParts, type LimitParser } from './parse-limit-number.js'
import { parseFlag } from './parse-flag.js'
import type { ParsedMemory } from './parsed-limits.js'

/** In less no container starts: its first page tables, stacks and files are counted too. */
export const minimumMemoryBytes = 1024 ** 2

const atLeastMinimum = orMax(bytes(minimumMemoryBytes))
const any = orMax(bytes(0))
const parts = {
  max: atLeastMinimum,
  swap: any,
  high: atLeastMinimum,
  low: any,
  min: any,
  oomGroup: (value: unknown, field: string): boolean => parseFlag(value, field, true),
}

function exceeds(value: number | 'max' | undefined, max: number | 'max' | undefined): boolean {
  if (value === undefined || max === undefined || max === 'max') return false
  return value === 'max' || value > max
}

/** A number alone, or an object. */
export const parseMemory: LimitParser<ParsedMemory> = (value, field) => {
  if (typeof value !== 'object' || value === null) {
    return Object.freeze({ max: atLeastMinimum(value, field) })
  }
  const memory = parseParts(value, field, parts)
  if (memory.swap !== undefined && memory.max === undefined) {
    const why = 'swap beside a memory limit needs that limit'
    throw outOfRange({ field: `${field}.swap`, why, code, fix: `Give ${field}.max too.` })
  }
  for (const part of ['high', 'low', 'min'] as const) {
    if (!exceeds(memory[part], memory.max) || memory[part] === 'max') continue
    const why = `${memory[part]} is more than max, ${memory.max}: it would mean nothing`
    throw outOfRange({ field: `${field}.${part}`, why, code })
  }
  return memory
}
