import { returnValue } from './action.js'
import { architectureFacts, type Architecture } from './architecture.js'
import { bpf, BpfAssembler, type Label } from './bpf-assembler.js'
import { decisionCode } from './decision-code.js'
import { numberRanges, type NumberRange } from './decision.js'
import { checkDeniedNames, lintProfile, type Diagnostic } from './lint-profile.js'
import { parseProfile } from './parse-profile.js'
import type { SeccompProfile } from './profile.js'
import { rangeTree } from './range-tree.js'
import { callableArchitectures, rulesInForce, type ProfileTarget } from './target.js'

/** A profile as the kernel takes it. */
export interface CompiledProfile {
  /** struct sock_filter[], in the target's byte order: 8 bytes an instruction. */
  readonly program: Uint8Array
  /** For seccomp(2): 2 is SECCOMP_FILTER_FLAG_LOG, 4 is SECCOMP_FILTER_FLAG_SPEC_ALLOW. */
  readonly flags: number
  /** What is suspicious about the profile, though it can be meant. */
  readonly diagnostics: readonly Diagnostic[]
}

const numberOffset = 0
const archOffset = 4

function keyOf({ decision }: NumberRange): string {
  if (decision.conditions.length === 0) return String(decision.otherwise)
  return JSON.stringify(decision, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

/** Code that answers any call by one convention. */
function architectureCode(
  code: BpfAssembler,
  arch: Architecture,
  ranges: readonly NumberRange[],
): Label {
  const entries = new Map<string, Label>()
  const labels = ranges.map((range) => {
    const key = keyOf(range)
    const label = entries.get(key) ?? decisionCode(code, arch, range.decision)
    entries.set(key, label)
    return { start: range.start, code: label }
  })
  const tree = rangeTree(code, labels)
  code.continueAt(tree)
  return code.load(numberOffset)
}

/**
 * Compiles a profile to a seccomp filter: finds out by which convention the call comes, then its number in a balanced tree of
 * ranges.
 * @param profile as it was read from JSON; every field is checked
 * @throws TypeError ERR_SECCOMP_PROFILE for what cannot be meant, naming the field; RangeError ERR_SECCOMP_PROFILE when it
 * gets too long for the kernel
 */
export function compileProfile(
  profile: SeccompProfile | Readonly<Record<string, unknown>>,
  target: ProfileTarget,
): CompiledProfile {
  const parsed = parseProfile(profile)
  checkDeniedNames(parsed)
  const inForce = rulesInForce(parsed, target)
  const arches = callableArchitectures(parsed, target)
  const code = new BpfAssembler()
  let next = code.answer(returnValue({ kind: 'kill-process' }, target.arch))
  const conventions = arches.filter((arch) => arch !== 'x32')
  const entries = conventions.toReversed().map((arch) => {
    const ranges = numberRanges(parsed, inForce, arch, arches.includes('x32'))
    return { arch, entry: architectureCode(code, arch, ranges) }
  })
  for (const { arch, entry } of entries) {
    next = code.test(bpf.jumpIfEqual, architectureFacts[arch].audit, entry, next)
  }
  code.load(archOffset)
  return {
    program: code.bytes(architectureFacts[target.arch].endian),
    flags: parsed.flags,
    // many need the filter alone, and this takes longer
    get diagnostics() {
      return lintProfile(parsed, inForce, target)
    },
  }
}
