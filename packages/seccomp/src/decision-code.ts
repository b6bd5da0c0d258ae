import { architectureFacts, type Architecture } from './architecture.js'
import { bpf, type BpfAssembler, type Label } from './bpf-assembler.js'
import type { Decision } from './decision.js'
import type { ParsedTest } from './parse-rule.js'

const argsOffset = 16
const low32 = 0xffffffffn
const high = (n: bigint) => Number(n >> 32n)
const low = (n: bigint) => Number(n & low32)

/** Makes the code that tests arguments as one architecture passes them. */
class ArgumentCode {
  readonly #code: BpfAssembler
  readonly #isBig: boolean
  readonly #is32: boolean

  constructor(code: BpfAssembler, arch: Architecture) {
    this.#code = code
    this.#isBig = architectureFacts[arch].endian === 'big'
    this.#is32 = architectureFacts[arch].bits === 32
  }

  loadLow(index: number): Label {
    return this.#code.load(argsOffset + index * 8 + (this.#isBig ? 4 : 0))
  }

  #loadHigh(index: number): Label {
    return this.#code.load(argsOffset + index * 8 + (this.#isBig ? 0 : 4))
  }

  #compareEqual(mask: number, value: number, then: Label, otherwise: Label): void {
    this.#code.test(bpf.jumpIfEqual, value, then, otherwise)
    if (mask !== 0xffffffff) this.#code.and(mask)
  }

  #equal({ index, mask, value }: ParsedTest, then: Label, otherwise: Label): Label {
    const hasHigh = high(mask) !== 0
    let next = then
    if (low(mask) !== 0 || !hasHigh) {
      this.#compareEqual(low(mask), low(value), then, otherwise)
      next = this.loadLow(index)
    }
    if (!hasHigh) return next
    this.#compareEqual(high(mask), high(value), next, otherwise)
    return this.#loadHigh(index)
  }

  #order(test: ParsedTest, inclusive: boolean, then: Label, otherwise: Label): Label {
    const compare = inclusive ? bpf.jumpIfGreaterOrEqual : bpf.jumpIfGreater
    this.#code.test(compare, low(test.value), then, otherwise)
    const lower = this.loadLow(test.index)
    if (this.#is32) return lower
    const equal = this.#code.test(bpf.jumpIfEqual, high(test.value), lower, otherwise)
    this.#code.test(bpf.jumpIfGreater, high(test.value), then, equal)
    return this.#loadHigh(test.index)
  }

  test(test: ParsedTest, then: Label, otherwise: Label): Label {
    const compilers: Readonly<Record<ParsedTest['op'], () => Label>> = {
      eq: () => this.#equal(test, then, otherwise),
      ne: () => this.#equal(test, otherwise, then),
      gt: () => this.#order(test, false, then, otherwise),
      ge: () => this.#order(test, true, then, otherwise),
      le: () => this.#order(test, false, otherwise, then),
      lt: () => this.#order(test, true, otherwise, then),
    }
    return compilers[test.op]()
  }
}

type Condition = Decision['conditions'][number]

/** The one test of one argument's low half that a condition is; undefined: it is another. */
function soleLowTest({ tests }: Condition): ParsedTest | undefined {
  const [test, ...more] = tests
  if (test === undefined || more.length > 0 || test.op !== 'eq') return undefined
  return high(test.mask) === 0 ? test : undefined
}

/** Neighbours that test the same bits, which are loaded once for all of them. */
function runsOf(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const runs: Condition[][] = []
  for (const condition of conditions) {
    const run = runs.at(-1)
    const before = run?.[0] === undefined ? undefined : soleLowTest(run[0])
    const test = soleLowTest(condition)
    const same = test?.index === before?.index && test?.mask === before?.mask
    if (run !== undefined && test !== undefined && same) run.push(condition)
    else runs.push([condition])
  }
  return runs
}

function runCode(
  code: BpfAssembler,
  args: ArgumentCode,
  run: readonly Condition[],
  otherwise: Label,
): Label {
  let next = otherwise
  let shared: ParsedTest | undefined
  for (const condition of run.toReversed()) {
    const then = code.answer(condition.value)
    const sole = soleLowTest(condition)
    if (sole === undefined) {
      let entry = then
      for (const test of condition.tests.toReversed()) entry = args.test(test, entry, next)
      next = entry
    } else next = code.test(bpf.jumpIfEqual, low(sole.value), then, next)
    shared = sole
  }
  if (shared === undefined) return next
  if (low(shared.mask) !== 0xffffffff) code.and(low(shared.mask))
  return args.loadLow(shared.index)
}

/** Code that answers a call whose number is known; it loads what it needs. */
export function decisionCode(code: BpfAssembler, arch: Architecture, decision: Decision): Label {
  const args = new ArgumentCode(code, arch)
  let next = code.answer(decision.otherwise)
  for (const run of runsOf(decision.conditions).toReversed()) next = runCode(code, args, run, next)
  return next
}
