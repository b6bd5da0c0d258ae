import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { parseNumber } from '../values/parse-number.js'
import { parseText } from '../values/parse-text.js'
import {
  code,
  count,
  milliseconds,
  orMax,
  parseParts,
  type LimitParser,
} from './parse-limit-number.js'
import type { ParsedCpu } from './parsed-limits.js'

// the kernel's own bounds: kernel/sched/core.c, max_cfs_quota_period and min_cfs_quota_period
const minQuotaUs = 1000
const minPeriodUs = 1000
const maxPeriodUs = 1_000_000
const defaultPeriodUs = 100_000
/** More than any kernel is built for (CONFIG_NR_CPUS). */
const maxCpu = 8191

/** A list of CPUs or memory nodes as cpusets take it, brought to one form. */
function parseList(value: unknown, field: string): string {
  const text = parseText(value, field, { maxBytes: 4096, code })
  const members = new Set<number>()
  for (const range of text.split(',')) {
    const [, first = '', last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range) ?? []
    if (first === '' || Number(last) < Number(first) || Number(last) > maxCpu) {
      const why = `${JSON.stringify(range.slice(0, 40))} is no number nor range, as in '0-3,6'`
      throw invalidArgument({ field, why, code })
    }
    for (let cpu = Number(first); cpu <= Number(last); cpu++) members.add(cpu)
  }
  const ranges: [number, number][] = []
  for (const cpu of [...members].toSorted((a, b) => a - b)) {
    const open = ranges.at(-1)
    if (open !== undefined && open[1] === cpu - 1) open[1] = cpu
    else ranges.push([cpu, cpu])
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

const cpus: LimitParser<number> = (value, field) =>
  parseNumber(value, field, { min: 0.001, max: maxCpu, code })

const parts = {
  max: orMax(cpus),
  period: milliseconds(0),
  burst: milliseconds(0),
  weight: (value: unknown, field: string): number | 'idle' =>
    value === 'idle' ? value : count(1, 10_000)(value, field),
  set: parseList,
  mems: parseList,
}

function periodOf(periodMs: number | undefined, max: number | 'max', field: string): number {
  if (periodMs === undefined) {
    return max === 'max' || max * defaultPeriodUs >= minQuotaUs ? defaultPeriodUs : maxPeriodUs
  }
  const periodUs = Math.round(periodMs * 1000)
  if (periodUs >= minPeriodUs && periodUs <= maxPeriodUs) return periodUs
  throw outOfRange({
    field: `${field}.period`,
    why: `${periodMs} ms is not from 1 ms to 1 s`,
    code,
  })
}

function quota(max: number | 'max', periodUs: number, field: string): number | 'max' {
  if (max === 'max') return max
  const quotaUs = Math.round(max * periodUs)
  if (quotaUs >= minQuotaUs) return quotaUs
  const why = `${max} CPUs are ${quotaUs} us of each ${periodUs} us, and the kernel takes no less than 1000`
  throw outOfRange({ field, why, code, fix: 'Give a longer `period`, up to 1s, or more CPUs.' })
}

/** A number alone, or an object. */
export const parseCpu: LimitParser<ParsedCpu> = (value, field) => {
  const whole = typeof value === 'object' && value !== null
  const given = whole ? parseParts(value, field, parts) : { max: cpus(value, field) }
  const { max, period, burst, ...rest } = given
  for (const [name, part] of Object.entries({ period, burst })) {
    if (part === undefined || max !== undefined) continue
    throw outOfRange({ field: `${field}.${name}`, why: 'means nothing without `max`', code })
  }
  if (max === undefined) return Object.freeze(rest)
  const periodUs = periodOf(period, max, field)
  const quotaUs = quota(max, periodUs, whole ? `${field}.max` : field)
  const burstUs = burst === undefined ? undefined : Math.round(burst * 1000)
  if (burstUs !== undefined && quotaUs !== 'max' && burstUs > quotaUs) {
    const why = `${burst} ms are more than what \`max\` gives in one period, ${quotaUs / 1000} ms`
    throw outOfRange({ field: `${field}.burst`, why, code })
  }
  return Object.freeze({
    quotaUs,
    periodUs,
    ...(burstUs === undefined ? {} : { burstUs }),
    ...rest,
  })
}
