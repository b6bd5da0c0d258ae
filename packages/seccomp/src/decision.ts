import { isPermissive, returnValue, type Action } from './action.js'
import { architectureFacts, type Architecture } from './architecture.js'
import type { ParsedProfile } from './parse-profile.js'
import type { ParsedRule, ParsedTest } from './parse-rule.js'
import { isPrivateNumber, syscallTable } from './syscall-table.js'

/** What happens to one call: the first condition that holds decides, else `otherwise`. Actions are the filter's return values. */
export interface Decision {
  readonly conditions: readonly {
    readonly tests: readonly ParsedTest[]
    readonly value: number
  }[]
  readonly otherwise: number
}

/** Numbers from `start` up to the next range, all decided alike. */
export interface NumberRange {
  readonly start: number
  readonly decision: Decision
}

/** x32 calls carry it in their numbers. */
const X32_BIT = 0x40000000
const ENOSYS: Action = { kind: 'errno', errno: 'ENOSYS' }

interface Match {
  readonly tests: readonly ParsedTest[]
  readonly value: number
}

const low32 = 0xffffffffn

/** A test as it is on 32 bits; true or false where only the high half would have decided, which is zero. */
function onLowHalf(test: ParsedTest): ParsedTest | boolean {
  if (test.value > low32) return test.op === 'ne' || test.op === 'lt' || test.op === 'le'
  return { ...test, mask: test.mask & low32 }
}

function matchOn(bits: 32 | 64, tests: readonly ParsedTest[], value: number): Match | undefined {
  if (bits === 64) return { tests, value }
  const narrow = tests.map(onLowHalf)
  if (narrow.includes(false)) return undefined
  return { tests: narrow.filter((test) => typeof test === 'object'), value }
}

function decide(matches: readonly Match[], otherwise: number): Decision {
  // as signed numbers, the smaller is the more restrictive
  const ordered = matches.toSorted((a, b) => (a.value | 0) - (b.value | 0))
  // Nothing after a match without tests can win: it is as restrictive as they are, or more.
  const end = ordered.findIndex((match) => match.tests.length === 0)
  const last = end < 0 ? otherwise : (ordered[end]?.value ?? otherwise)
  const conditions = end < 0 ? ordered : ordered.slice(0, end)
  while (conditions.at(-1)?.value === last) conditions.pop()
  return { conditions, otherwise: last }
}

/** The newest call of this architecture that the profile's author knew; -1: none. */
function newestNamed(profile: ParsedProfile, arch: Architecture): number {
  const { numberOf } = syscallTable(arch)
  let newest = -1
  for (const name of profile.rules.flatMap(({ names }) => names)) {
    const number = numberOf.get(name)
    if (number !== undefined && !isPrivateNumber(arch, number)) newest = Math.max(newest, number)
  }
  return newest
}

/** What happens to each number of one architecture, from its first to the last that there is. */
function ownRanges(
  profile: ParsedProfile,
  inForce: readonly ParsedRule[],
  arch: Architecture,
): readonly NumberRange[] {
  const { numberOf, nameOf } = syscallTable(arch)
  const { bits } = architectureFacts[arch]
  const matches = new Map<number, Match[]>()
  for (const { names, action, alternatives } of inForce) {
    const value = returnValue(action, arch)
    const rule = alternatives
      .map((tests) => matchOn(bits, tests, value))
      .filter((m) => m !== undefined)
    for (const name of names) {
      const number = numberOf.get(name)
      if (number !== undefined) matches.set(number, [...(matches.get(number) ?? []), ...rule])
    }
  }
  const open = isPermissive(profile.otherwise)
  const otherwise = returnValue(profile.otherwise, arch)
  const unknown: Decision = {
    conditions: [],
    otherwise: open ? otherwise : returnValue(ENOSYS, arch),
  }
  const newest = newestNamed(profile, arch)
  const ranges: NumberRange[] = [{ start: arch === 'x32' ? X32_BIT : 0, decision: unknown }]
  for (const number of [...nameOf.keys()].toSorted((a, b) => a - b)) {
    const isNewer = !open && number > newest && !isPrivateNumber(arch, number)
    const decision = isNewer ? unknown : decide(matches.get(number) ?? [], otherwise)
    if (ranges.at(-1)?.start === number) ranges.pop()
    ranges.push({ start: number, decision }, { start: number + 1, decision: unknown })
  }
  return ranges
}

/**
 * What happens to every number that programs can call by one `arch` word of the kernel's, from 0 on. For x86_64 that holds
 * x32's numbers too: answered ENOSYS unless they are asked for, as by a kernel without x32, or a rule could be gone round.
 */
export function numberRanges(
  profile: ParsedProfile,
  inForce: readonly ParsedRule[],
  arch: Architecture,
  x32: boolean,
): readonly NumberRange[] {
  const own = ownRanges(profile, inForce, arch)
  if (arch !== 'x86_64') return own
  if (x32) return [...own, ...ownRanges(profile, inForce, 'x32')]
  const otherwise = returnValue(ENOSYS, arch)
  return [...own, { start: X32_BIT, decision: { conditions: [], otherwise } }]
}
