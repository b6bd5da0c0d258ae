import { returnValue } from './action.js'
import { auditArchitecture } from './architecture.js'
import { bpf, BpfAssembler, type Label } from './bpf-assembler.js'
import { decisionCode } from './decision-code.js'
import { decisions, type Decision, type ProfileTarget } from './decision.js'
import type { SeccompProfile } from './profile.js'
import { syscallTable } from './syscall-table.js'

const numberOffset = 0
const archOffset = 4

/** Numbers from `start` up to the next range, all decided alike but for a few. */
interface Range {
  readonly start: number
  readonly decision: string
  readonly exceptions: { readonly number: number; readonly decision: string }[]
}

function keyOf(decision: Decision): string {
  return JSON.stringify(decision, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

function plainRanges(keys: readonly string[]): readonly { start: number; decision: string }[] {
  return keys
    .map((decision, start) => ({ start, decision }))
    .filter(({ decision }, i) => decision !== keys[i - 1])
}

// A lone number within a range costs one comparison as an exception, two as a range of its own. More than a few of them in
// one range would make the path to it long.
const maxExceptions = 3

function mergeRanges(keys: readonly string[]): readonly Range[] {
  const plain = plainRanges(keys)
  const result: Range[] = []
  for (let i = 0; i < plain.length; i++) {
    const range = plain[i]
    const before = plain[i - 1]
    const after = plain[i + 1]
    const last = result.at(-1)
    if (range === undefined) break
    const alone = after !== undefined && after.start === range.start + 1
    const inside = alone && before !== undefined && before.decision === after.decision
    if (inside && last?.decision === before.decision && last.exceptions.length < maxExceptions) {
      last.exceptions.push({ number: range.start, decision: range.decision })
      // The range after it is the one it lies in.
      i += 1
    } else result.push({ start: range.start, decision: range.decision, exceptions: [] })
  }
  return result
}

class TreeCompiler {
  readonly #code: BpfAssembler
  readonly #entries: ReadonlyMap<string, Label>

  constructor(code: BpfAssembler, entries: ReadonlyMap<string, Label>) {
    this.#code = code
    this.#entries = entries
  }

  #entry(key: string): Label {
    const label = this.#entries.get(key)
    if (label === undefined) throw new Error(`no code for ${key}`)
    return label
  }

  compile(ranges: readonly Range[]): Label {
    const [only] = ranges
    const middle = ranges.length >> 1
    const pivot = ranges[middle]
    if (only === undefined || pivot === undefined) throw new Error('no range')
    if (ranges.length === 1) {
      let next = this.#entry(only.decision)
      for (const { number, decision } of only.exceptions.toReversed()) {
        next = this.#code.test(bpf.jumpIfEqual, number, this.#entry(decision), next)
      }
      return next
    }
    const right = this.compile(ranges.slice(middle))
    const left = this.compile(ranges.slice(0, middle))
    return this.#code.test(bpf.jumpIfGreaterOrEqual, pivot.start, right, left)
  }
}

/**
 * Compiles a profile to a seccomp filter: struct sock_filter[], little-endian. Checks the architecture, then finds the call's
 * number in a balanced tree of ranges.
 * @throws TypeError ERR_SECCOMP_PROFILE for rules that cannot be meant; RangeError ERR_SECCOMP_PROFILE when it gets too long
 */
export function compileProfile(profile: SeccompProfile, target: ProfileTarget): Uint8Array {
  const named = decisions(profile, target)
  const unknown: Decision = { conditions: [], otherwise: profile.unknown }
  // One number more than the table has: the last range goes on to the end, x32's numbers included.
  const all = Array.from(
    { length: syscallTable(target.arch).newest + 2 },
    (_, n) => named.get(n) ?? unknown,
  )
  const keys = all.map(keyOf)

  const code = new BpfAssembler()
  const foreign = code.answer(returnValue(profile.foreign))
  const entries = new Map<string, Label>()
  for (const [i, decision] of all.entries()) {
    const key = keys[i]
    if (key !== undefined && !entries.has(key)) entries.set(key, decisionCode(code, decision))
  }
  const tree = new TreeCompiler(code, entries).compile(mergeRanges(keys))
  code.continueAt(tree)
  const number = code.load(numberOffset)
  code.test(bpf.jumpIfEqual, auditArchitecture[target.arch], number, foreign)
  code.load(archOffset)
  return code.bytes()
}
