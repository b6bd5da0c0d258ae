import { isPermissive } from './action.js'
import { architectureNamed } from './architecture.js'
import { gaps, powerful, readAsInt } from './known-risks.js'
import type { ParsedProfile } from './parse-profile.js'
import type { ParsedRule } from './parse-rule.js'
import { profileError } from './profile-error.js'
import { isSyscallName } from './syscall-table.js'
import { foreignNames, type ProfileTarget } from './target.js'

/** Something about a profile that is suspicious, though it can be meant. */
export interface Diagnostic {
  /**
   * `unknown-name`: no architecture has such a call. `permissive-default`: what no rule names is allowed.
   * `foreign-architecture`: listed, but programs of it are killed. `overlap`: allowed and denied by name; denied here, but
   * libseccomp takes what comes first. `wide-comparison`: compares bits that the kernel does not look at, so that a program
   * goes round the rule by setting them. `gap`: a call is restricted, and another that does the same is not.
   * `powerful`: allowed to everybody, though it reaches past a container or has a record of doing so.
   */
  readonly kind:
    | 'unknown-name'
    | 'permissive-default'
    | 'foreign-architecture'
    | 'overlap'
    | 'wide-comparison'
    | 'gap'
    | 'powerful'
  /** The field, or the name of the call. */
  readonly subject: string
  readonly message: string
}

type Found = Omit<Diagnostic, 'message'> & { readonly why: string }

function* unknownNames({ rules }: ParsedProfile): Iterable<Found> {
  for (const { names, action, place } of rules) {
    for (const name of names.filter((one) => !isSyscallName(one))) {
      const subject = `${place}.names`
      const effect = isPermissive(action) ? 'it stays forbidden' : 'it is answered ENOSYS'
      yield { kind: 'unknown-name', subject, why: `no system call is named ${name}: ${effect}` }
    }
  }
}

function* architectures(profile: ParsedProfile, target: ProfileTarget): Iterable<Found> {
  const asked = target.architectures === 'profile'
  for (const subject of new Set(foreignNames(profile, target))) {
    if (asked && architectureNamed(subject) !== undefined) continue
    const why = asked
      ? 'there is no table of it: its calls kill the process'
      : 'not asked for: its calls kill the process'
    yield { kind: 'foreign-architecture', subject, why }
  }
}

function* wideComparisons(rules: readonly ParsedRule[]): Iterable<Found> {
  for (const { place, names, action, alternatives } of rules) {
    const risky = isPermissive(action) ? ['ne', 'gt', 'ge'] : ['eq', 'lt', 'le']
    for (const { index, op, mask } of alternatives.flat()) {
      const name = names.find((one) => readAsInt.get(one)?.includes(index) === true)
      if (name === undefined || !risky.includes(op) || mask <= 0xffffffffn) continue
      const why = `${name} reads argument ${index} as 32 bits, and all 64 are compared: use SCMP_CMP_MASKED_EQ and 0xffffffff`
      yield { kind: 'wide-comparison', subject: `${place}.args`, why }
    }
  }
}

/** How free each call is, by the rules in force: of what no rule names the default action is what holds. */
class Freedom {
  readonly #rules: readonly ParsedRule[]
  readonly #open: boolean

  constructor(profile: ParsedProfile, rules: readonly ParsedRule[]) {
    this.#rules = rules
    this.#open = isPermissive(profile.otherwise)
  }

  #of(name: string, permissive: boolean, whole: boolean): boolean {
    return this.#rules.some(
      ({ names, action, alternatives }) =>
        names.includes(name) &&
        isPermissive(action) === permissive &&
        alternatives.some((tests) => tests.length === 0) === whole,
    )
  }

  isDenied(name: string): boolean {
    return this.#of(name, false, true)
  }

  isAllowed(name: string): boolean {
    return this.#of(name, true, true)
  }

  /** Whether every call of it passes. */
  isFree(name: string): boolean {
    return (
      (this.isAllowed(name) || this.#open) && !this.isDenied(name) && !this.#of(name, false, false)
    )
  }

  /** Whether somebody took the trouble to keep some of its calls out. */
  isRestricted(name: string): boolean {
    if (this.isFree(name)) return false
    return this.isDenied(name) || this.#of(name, false, false) || this.#of(name, true, false)
  }
}

function* freedoms(profile: ParsedProfile, rules: readonly ParsedRule[]): Iterable<Found> {
  const freedom = new Freedom(profile, rules)
  for (const name of new Set(rules.flatMap(({ names }) => names))) {
    if (freedom.isAllowed(name) && freedom.isDenied(name)) {
      yield {
        kind: 'overlap',
        subject: name,
        why: 'allowed by one rule and denied by another: denied',
      }
    }
  }
  for (const [names, what] of gaps) {
    const closed = names.find((name) => freedom.isRestricted(name))
    const open = names.find((name) => freedom.isFree(name))
    if (closed === undefined || open === undefined) continue
    yield { kind: 'gap', subject: open, why: `${what}, as ${closed} does, which is restricted` }
  }
  const forAll = rules.filter(({ includes }) => includes.caps.length === 0)
  for (const [name, what] of powerful) {
    if (!forAll.some(({ names }) => names.includes(name)) || !freedom.isFree(name)) continue
    yield { kind: 'powerful', subject: name, why: what }
  }
}

/**
 * Where all but some calls are allowed, one that has a slip in its name would be taken for denied, and be allowed.
 * @throws TypeError ERR_SECCOMP_PROFILE
 */
export function checkDeniedNames({ rules, otherwise }: ParsedProfile): void {
  if (!isPermissive(otherwise)) return
  for (const { names, place } of rules.filter(({ action }) => !isPermissive(action))) {
    const name = names.find((one) => !isSyscallName(one))
    if (name === undefined) continue
    throw profileError(`${place}.names`, `no system call is named ${name}, and others are allowed`)
  }
}

/** What is suspicious about a profile. */
export function lintProfile(
  profile: ParsedProfile,
  rules: readonly ParsedRule[],
  target: ProfileTarget,
): readonly Diagnostic[] {
  const found: Found[] = [...unknownNames(profile), ...architectures(profile, target)]
  if (isPermissive(profile.otherwise)) {
    const why = 'allows what no rule names, calls of later kernels too'
    found.push({ kind: 'permissive-default', subject: 'defaultAction', why })
  }
  found.push(...wideComparisons(rules), ...freedoms(profile, rules))
  return found.map(({ kind, subject, why }) => ({ kind, subject, message: `${subject}: ${why}` }))
}
