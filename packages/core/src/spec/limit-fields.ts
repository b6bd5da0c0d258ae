import type { ParsedLimits } from './parsed-limits.js'

/** Names of parsed parts that differ from those a caller writes. */
const written: Readonly<Record<string, string>> = {
  quotaUs: 'max',
  periodUs: 'period',
  burstUs: 'burst',
  latencyUs: 'latency',
}

/** What a period is when nobody asked for another. */
const defaultPeriodsUs: readonly unknown[] = [100_000, 1_000_000]

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function partsOf(value: unknown, prefix: string): string[] {
  if (!isObject(value)) return [prefix]
  return Object.entries(value).flatMap(([name, part]) => {
    if (part === undefined || name === 'device') return []
    if (name === 'periodUs' && defaultPeriodsUs.includes(part)) return []
    const path = `${prefix}.${Object.hasOwn(written, name) ? written[name] : name}`
    return Array.isArray(part) ? part.flatMap((item) => partsOf(item, path)) : [path]
  })
}

/**
 * The fields that limits ask for, as a caller writes them, each once: `memory.max`, `cpu.weight`, `io.devices.readBps`,
 * `hugetlb.2MB`, `pids`. rlimits are one field each.
 */
export function limitFields(limits: ParsedLimits): readonly string[] {
  const fields = Object.entries(limits).flatMap(([key, value]) =>
    isObject(value) && 'soft' in value ? [key] : partsOf(value, key),
  )
  return [...new Set(fields)]
}

/** Limits without some of those fields; what holds nothing then is left out. */
export function withoutFields(limits: ParsedLimits, without: ReadonlySet<string>): ParsedLimits {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(limits)) {
    const rest =
      isObject(value) && 'soft' in value ? dropped(key, value, without) : strip(key, value, without)
    if (rest !== undefined) kept[key] = rest
  }
  return Object.freeze(kept)
}

function dropped(path: string, value: unknown, without: ReadonlySet<string>): unknown {
  return without.has(path) ? undefined : value
}

function strip(path: string, value: unknown, without: ReadonlySet<string>): unknown {
  if (!isObject(value)) return dropped(path, value, without)
  const kept: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const inner = `${path}.${Object.hasOwn(written, name) ? written[name] : name}`
    const rest = Array.isArray(part)
      ? part.map((item) => strip(inner, item, without)).filter((item) => item !== undefined)
      : dropped(inner, part, without)
    if (rest !== undefined && !(Array.isArray(rest) && rest.length === 0)) kept[name] = rest
  }
  // a device alone, or a period without its quota, limits nothing
  const idle = Object.keys(kept).every((name) => name === 'device' || name === 'periodUs')
  return idle ? undefined : Object.freeze(kept)
}
