import { isPermissive, restrictiveness } from './action.js'
import type { Architecture } from './architecture.js'
import type { ArgumentTest, SeccompAction, SeccompProfile, SeccompRule } from './profile.js'
import { isSyscallName, syscallTable } from './syscall-table.js'

/** A test with its numbers in one form. */
export interface ParsedTest {
  readonly index: number
  readonly op: ArgumentTest['op']
  readonly value: bigint
  readonly mask: bigint
}

/** What happens to one call number: the first condition that holds decides, else `otherwise`. */
export interface Decision {
  readonly conditions: readonly {
    readonly tests: readonly ParsedTest[]
    readonly action: SeccompAction
  }[]
  readonly otherwise: SeccompAction
}

/** What a profile is compiled for. */
export interface ProfileTarget {
  readonly arch: Architecture
  /** Names without CAP_ of the capabilities the container keeps. */
  readonly capabilities: readonly string[]
  /** Told about names in allowing rules that no architecture knows. Default: nobody is. */
  readonly onDiagnostic?: (message: string) => void
}

const word = (1n << 64n) - 1n

function refuse(rule: SeccompRule, why: string): TypeError {
  return Object.assign(new TypeError(`seccomp profile: ${rule.names.join(' ')}: ${why}`), {
    code: 'ERR_SECCOMP_PROFILE',
  })
}

function parseTest(rule: SeccompRule, test: ArgumentTest): ParsedTest {
  const value = BigInt(test.value)
  const mask = test.mask === undefined ? word : BigInt(test.mask)
  if (!Number.isInteger(test.index) || test.index < 0 || test.index > 5) {
    throw refuse(rule, `argument ${test.index} does not exist`)
  }
  if (value < 0n || value > word || mask < 0n || mask > word) {
    throw refuse(rule, 'a number is not of 64 bits')
  }
  if ((test.op === 'masked-eq') !== (test.mask !== undefined)) {
    throw refuse(rule, 'a mask belongs to masked-eq, and only there')
  }
  // Such a test could never hold: a slip that would silently drop the rule.
  if ((value & ~mask) !== 0n) throw refuse(rule, 'the value has bits outside its mask')
  return { index: test.index, op: test.op, value, mask }
}

function inForce(rule: SeccompRule, capabilities: ReadonlySet<string>): boolean {
  if (rule.withCapability !== undefined && !capabilities.has(rule.withCapability)) return false
  return rule.withoutCapability === undefined || !capabilities.has(rule.withoutCapability)
}

interface Match {
  readonly tests: readonly ParsedTest[]
  readonly action: SeccompAction
}

function decide(matches: readonly Match[], otherwise: SeccompAction): Decision {
  const ordered = matches.toSorted((a, b) => restrictiveness(a.action) - restrictiveness(b.action))
  // Nothing after a rule without tests can win: it is as restrictive as they are, or more.
  const end = ordered.findIndex((match) => match.tests.length === 0)
  const last = end < 0 ? undefined : ordered[end]
  return {
    conditions: end < 0 ? ordered : ordered.slice(0, end),
    otherwise: last?.action ?? otherwise,
  }
}

/**
 * What a profile decides for each call number that has a name.
 * @throws TypeError ERR_SECCOMP_PROFILE
 */
export function decisions(
  profile: SeccompProfile,
  target: ProfileTarget,
): ReadonlyMap<number, Decision> {
  const table = syscallTable(target.arch)
  const capabilities = new Set(target.capabilities)
  const matches = new Map<number, Match[]>()
  for (const rule of profile.rules) {
    const tests = (rule.args ?? []).map((test) => parseTest(rule, test))
    for (const name of rule.names) {
      if (!isSyscallName(name)) {
        if (!isPermissive(rule.action)) throw refuse(rule, `no system call is named ${name}`)
        target.onDiagnostic?.(`seccomp profile: ${name}: unknown system call, not allowed`)
      }
      const number = table.numberOf.get(name)
      if (number === undefined || !inForce(rule, capabilities)) continue
      const list = matches.get(number) ?? []
      list.push({ tests, action: rule.action })
      matches.set(number, list)
    }
  }
  const result = new Map<number, Decision>()
  for (const number of table.nameOf.keys()) {
    result.set(number, decide(matches.get(number) ?? [], profile.otherwise))
  }
  return result
}
