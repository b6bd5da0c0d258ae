import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseInteger } from '../values/parse-number.js'
import { parseText } from '../values/parse-text.js'
import { plainObject } from './check-fields.js'
import { defaultIsolation, strictIsolation, type IsolationSpec } from './isolation-spec.js'
import { parseFlag } from './parse-flag.js'
import { parseAbsolutePath } from './parse-path.js'

/** Fields of a spec that `parseIsolation` reads. */
export const isolationFields: readonly string[] = Object.freeze([
  'profile',
  'landlock',
  'procfs',
  'sysfs',
  'devices',
  'ids',
  'unmask',
  'sysctls',
  'oomScore',
  'allowDegraded',
])

// as many as there are lines of defaults; nobody opens more
const MAX_ENTRIES = 256
const MAX_SYSCTL = 1024
const sysctlName = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/

function oneOf<T extends string>(value: unknown, field: string, words: readonly [T, T], unset: T) {
  if (value === undefined) return unset
  const word = words.find((known) => known === value)
  if (word !== undefined) return word
  throw invalidArgument({ field, why: `must be \`${words[0]}\` or \`${words[1]}\`` })
}

function list(value: unknown, field: string): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    throw invalidArgument({ field, why: `must be an array, not ${describeType(value)}` })
  }
  if (value.length > MAX_ENTRIES) {
    throw invalidArgument({ field, why: `${value.length} entries are more than ${MAX_ENTRIES}` })
  }
  return value
}

function parseUnmask(value: unknown): readonly string[] {
  const paths = list(value, 'unmask').map((path, n) => {
    const field = `unmask[${n}]`
    const text = parseAbsolutePath(path, field)
    if (/^\/(?:proc|sys)\/[^/]/.test(text)) return text
    throw invalidArgument({ field, why: 'only paths in /proc and /sys are hidden' })
  })
  return Object.freeze([...new Set(paths)])
}

/** `net.ipv4.ip_forward`, or with slashes where a part has dots of its own, as sysctl(8) takes both. */
function sysctlPath(name: string, field: string): string {
  const parts = name.includes('/') ? name.split('/') : name.split('.')
  if (
    parts.length > 1 &&
    parts.length < 16 &&
    name.length < 200 &&
    parts.every((part) => sysctlName.test(part))
  ) {
    return parts.join('/')
  }
  throw invalidArgument({ field, why: 'is not the name of a kernel parameter' })
}

function parseSysctls(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return defaultIsolation.sysctls
  const entries = Object.entries(plainObject(value, 'sysctls'))
  list(entries, 'sysctls')
  const parsed = entries.map(([name, item]) => {
    const field = `sysctls[${JSON.stringify(name.slice(0, 80))}]`
    const text = typeof item === 'number' ? String(item) : parseText(item, field)
    if (text.length > MAX_SYSCTL || /[\n\r]/.test(text)) {
      throw invalidArgument({ field, why: `must be one line of at most ${MAX_SYSCTL} characters` })
    }
    return [sysctlPath(name, field), text] as const
  })
  return Object.freeze(Object.fromEntries(parsed))
}

function parseAllowDegraded(value: unknown): readonly string[] {
  const names = list(value, 'allowDegraded').map((name, n) =>
    parseText(name, `allowDegraded[${n}]`),
  )
  return Object.freeze([...new Set(names)].toSorted())
}

/**
 * The profile and what opens it.
 * @throws TypeError or RangeError ERR_INVALID_SPEC, naming the field
 */
export function parseIsolation(given: Readonly<Record<string, unknown>>): IsolationSpec {
  const profile = oneOf(given['profile'], 'profile', ['default', 'strict'], 'default')
  const base = profile === 'strict' ? strictIsolation : defaultIsolation
  if (!isolationFields.some((field) => given[field] !== undefined)) return base
  const { landlock, oomScore } = given
  return Object.freeze({
    profile,
    landlock:
      landlock === undefined
        ? base.landlock
        : parseFlag(landlock, 'landlock', base.landlock === true),
    procfs: oneOf(given['procfs'], 'procfs', ['full', 'pids'], base.procfs),
    sysfs: oneOf(given['sysfs'], 'sysfs', ['readonly', 'none'], base.sysfs),
    devices: oneOf(given['devices'], 'devices', ['standard', 'minimal'], base.devices),
    ids: oneOf(given['ids'], 'ids', ['range', 'single'], base.ids),
    unmask: parseUnmask(given['unmask']),
    sysctls: parseSysctls(given['sysctls']),
    oomScore:
      oomScore === undefined
        ? base.oomScore
        : parseInteger(oomScore, 'oomScore', { min: 0, max: 1000 }),
    allowDegraded: parseAllowDegraded(given['allowDegraded']),
  })
}
