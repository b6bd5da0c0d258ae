import {
  architectureFacts,
  syscallTable,
  type Architecture,
  type ProfileTarget,
  type SeccompArgument,
  type SeccompFilter,
  type SeccompNumber,
  type SeccompProfile,
  type SeccompRule,
} from '@caisson/seccomp'
import type { Call } from './simulate.js'

const KILL_PROCESS = 0x80000000
const ENOSYS = 38
const numbers: Readonly<Record<string, number>> = {
  EPERM: 1,
  EACCES: 13,
  EINVAL: 22,
  ENOSYS,
  EAFNOSUPPORT: 97,
}
const mips: Readonly<Record<string, number>> = { ENOSYS: 89, EAFNOSUPPORT: 124 }
/** From the most to the least restrictive. */
const actions: readonly (readonly [string, number])[] = [
  ['SCMP_ACT_KILL_PROCESS', KILL_PROCESS],
  ['SCMP_ACT_KILL_THREAD', 0],
  ['SCMP_ACT_KILL', 0],
  ['SCMP_ACT_TRAP', 0x30000],
  ['SCMP_ACT_ERRNO', 0x50000],
  ['SCMP_ACT_LOG', 0x7ffc0000],
  ['SCMP_ACT_ALLOW', 0x7fff0000],
]

function answer(
  arch: Architecture,
  action: string,
  errno: string | null | undefined,
  errnoRet: number | null | undefined,
): number {
  const value = actions.find(([name]) => name === action)?.[1]
  if (value === undefined) throw new Error(`action ${action}`)
  if (value !== 0x50000) return value
  if (typeof errno !== 'string') return value + (errnoRet ?? 1)
  const number = (arch === 'mips64el' ? mips[errno] : undefined) ?? numbers[errno]
  if (number === undefined) throw new Error(`errno ${errno}`)
  return value + number
}

function holds(test: SeccompArgument, call: Call, bits: number): boolean {
  const all = BigInt.asUintN(64, call.args[test.index] ?? 0n)
  const arg = bits === 32 ? all & 0xffffffffn : all
  const value = BigInt(test.value)
  const results: Readonly<Record<SeccompArgument['op'], boolean>> = {
    SCMP_CMP_EQ: arg === value,
    SCMP_CMP_NE: arg !== value,
    SCMP_CMP_LT: arg < value,
    SCMP_CMP_LE: arg <= value,
    SCMP_CMP_GT: arg > value,
    SCMP_CMP_GE: arg >= value,
    SCMP_CMP_MASKED_EQ: (arg & value) === BigInt(test.valueTwo ?? 0),
  }
  return results[test.op]
}

function matches(rule: SeccompRule, call: Call, bits: number): boolean {
  const args = rule.args ?? []
  if (args.length === 0) return true
  const isOr = args.some(({ index }, i) =>
    args.some((other, j) => j !== i && other.index === index),
  )
  return isOr
    ? args.some((test) => holds(test, call, bits))
    : args.every((test) => holds(test, call, bits))
}

function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split('.').map(Number))
  return (x?.[0] ?? 0) - (y?.[0] ?? 0) || (x?.[1] ?? 0) - (y?.[1] ?? 0)
}

function isInForce(rule: SeccompRule, target: ProfileTarget): boolean {
  const facts = {
    cap: (name: string) => target.capabilities.includes(name.replace('CAP_', '')),
    arch: (name: string) => architectureFacts[target.arch].names.includes(name),
    kernel: (least: string) => compareVersions(target.kernel ?? '6.18', least) >= 0,
  }
  const { caps, arches, minKernel }: SeccompFilter = rule.includes ?? {}
  if (!(caps ?? []).every(facts.cap)) return false
  if (arches && arches.length > 0 && !arches.some(facts.arch)) return false
  if (typeof minKernel === 'string' && !facts.kernel(minKernel)) return false
  const not: SeccompFilter = rule.excludes ?? {}
  if ((not.caps ?? []).some(facts.cap) || (not.arches ?? []).some(facts.arch)) return false
  return typeof not.minKernel !== 'string' || !facts.kernel(not.minKernel)
}

const namesOf = (rule: SeccompRule): readonly string[] => rule.names ?? [rule.name ?? '']

/** The convention of a call among those that a target lets programs use. */
function conventionOf(call: Call, allowed: readonly Architecture[]): Architecture | undefined {
  return allowed.find((arch) => {
    if (architectureFacts[arch].audit !== call.arch) return false
    const isX32 = call.number >>> 0 >= 0x40000000
    return arch === 'x32' ? isX32 : arch !== 'x86_64' || !isX32 || !allowed.includes('x32')
  })
}

/** Rules that are about a number, of one convention. */
interface Numbered {
  readonly rules: readonly SeccompRule[]
  readonly isNewer: boolean
}

function numbered(
  profile: SeccompProfile,
  target: ProfileTarget,
  arch: Architecture,
): ReadonlyMap<number, Numbered> {
  const { first } = architectureFacts[arch]
  const { nameOf, numberOf } = syscallTable(arch)
  const rules = profile.syscalls ?? []
  const known = rules
    .flatMap(namesOf)
    .map((name) => numberOf.get(name) ?? -1)
    .filter((n) => n - first < 512)
  const newest = Math.max(-1, ...known)
  const inForce = rules.filter((rule) => isInForce(rule, target))
  return new Map(
    [...nameOf.keys()].map((number) => [
      number,
      {
        rules: inForce.filter((rule) =>
          namesOf(rule).some((name) => numberOf.get(name) === number),
        ),
        isNewer: number > newest && number - first < 512,
      },
    ]),
  )
}

/**
 * Reads a profile as its documentation says, rule by rule: the oracle that compiled filters are compared with.
 * @param allowed by which conventions programs may call
 * @returns what is answered to a call
 */
export function oracle(
  profile: SeccompProfile,
  target: ProfileTarget,
  allowed: readonly Architecture[] = [target.arch],
): (call: Call) => number {
  const tables = new Map(allowed.map((arch) => [arch, numbered(profile, target, arch)]))
  const isOpen = ['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG'].includes(profile.defaultAction)
  return (call) => {
    const arch = conventionOf(call, allowed)
    if (arch === undefined) return KILL_PROCESS
    const number = call.number >>> 0
    const enosys = 0x50000 + (arch === 'mips64el' ? 89 : ENOSYS)
    if (arch === 'x86_64' && number >= 0x40000000) return enosys
    const { defaultAction, defaultErrno, defaultErrnoRet } = profile
    const otherwise = answer(arch, defaultAction, defaultErrno, defaultErrnoRet)
    const known = tables.get(arch)?.get(number)
    if (known === undefined || (known.isNewer && !isOpen)) return isOpen ? otherwise : enosys
    const { bits } = architectureFacts[arch]
    const found = known.rules.filter((rule) => matches(rule, call, bits))
    for (const [action] of actions) {
      const values = found
        .filter((rule) => rule.action === action)
        .map((rule) => answer(arch, action, rule.errno, rule.errnoRet))
      if (values.length > 0) return Math.min(...values)
    }
    return otherwise
  }
}

/** Numbers of an architecture whose arguments some rule of the profile looks at. */
export function numbersWithTests(profile: SeccompProfile, arch: Architecture): ReadonlySet<number> {
  const rules = (profile.syscalls ?? []).filter(({ args }) => (args ?? []).length > 0)
  const { numberOf } = syscallTable(arch)
  return new Set(rules.flatMap(namesOf).map((name) => numberOf.get(name) ?? -1))
}

/** Arguments at and around every constant of a profile, with garbage in the high half too. */
export function boundaryArguments(profile: SeccompProfile): readonly bigint[] {
  const constants = (profile.syscalls ?? []).flatMap((rule) =>
    (rule.args ?? []).flatMap(({ value, valueTwo }) => [value, valueTwo ?? 0]),
  )
  const around = [0n, ...constants.map((n: SeccompNumber) => BigInt(n))].flatMap((n) =>
    [0n, 1n, -1n, 1n << 32n, -(1n << 32n), 0xdead0000_00000000n].map((d) =>
      BigInt.asUintN(64, n + d),
    ),
  )
  return [...new Set([...around, (1n << 64n) - 1n])]
}
