import { returnValue } from './action.js'
import { bpf, type BpfAssembler, type Label } from './bpf-assembler.js'
import type { Decision, ParsedTest } from './decision.js'

const argsOffset = 16
const low32 = 0xffffffffn
const high = (n: bigint) => Number(n >> 32n)
const low = (n: bigint) => Number(n & low32)
// The argument words are little-endian, like every architecture we compile for.
const lowOffset = (index: number) => argsOffset + index * 8
const highOffset = (index: number) => lowOffset(index) + 4

function halfEqual(
  code: BpfAssembler,
  offset: number,
  mask: number,
  value: number,
  then: Label,
  otherwise: Label,
): Label {
  code.test(bpf.jumpIfEqual, value, then, otherwise)
  if (mask !== 0xffffffff) code.and(mask)
  return code.load(offset)
}

function equalCode(code: BpfAssembler, test: ParsedTest, then: Label, otherwise: Label): Label {
  const { index, mask, value } = test
  const hasHigh = high(mask) !== 0
  const hasLow = low(mask) !== 0 || !hasHigh
  const next = hasLow
    ? halfEqual(code, lowOffset(index), low(mask), low(value), then, otherwise)
    : then
  if (!hasHigh) return next
  return halfEqual(code, highOffset(index), high(mask), high(value), next, otherwise)
}

function orderCode(
  code: BpfAssembler,
  test: ParsedTest,
  inclusive: boolean,
  then: Label,
  otherwise: Label,
): Label {
  const compare = inclusive ? bpf.jumpIfGreaterOrEqual : bpf.jumpIfGreater
  code.test(compare, low(test.value), then, otherwise)
  const lower = code.load(lowOffset(test.index))
  const equal = code.test(bpf.jumpIfEqual, high(test.value), lower, otherwise)
  code.test(bpf.jumpIfGreater, high(test.value), then, equal)
  return code.load(highOffset(test.index))
}

function testCode(code: BpfAssembler, test: ParsedTest, then: Label, otherwise: Label): Label {
  const compilers: Readonly<Record<ParsedTest['op'], () => Label>> = {
    eq: () => equalCode(code, test, then, otherwise),
    'masked-eq': () => equalCode(code, test, then, otherwise),
    ne: () => equalCode(code, test, otherwise, then),
    gt: () => orderCode(code, test, false, then, otherwise),
    ge: () => orderCode(code, test, true, then, otherwise),
    le: () => orderCode(code, test, false, otherwise, then),
    lt: () => orderCode(code, test, true, otherwise, then),
  }
  return compilers[test.op]()
}

/** A condition of one test of one argument's low half: neighbours that load the same need to load it once. */
function soleLowTest(tests: readonly ParsedTest[]): ParsedTest | undefined {
  const [test, ...more] = tests
  if (test === undefined || more.length > 0 || test.op !== 'masked-eq') return undefined
  return high(test.mask) === 0 ? test : undefined
}

/** Code that answers a call whose number is known; it loads what it needs. */
export function decisionCode(code: BpfAssembler, decision: Decision): Label {
  let next = code.answer(returnValue(decision.otherwise))
  let loaded: { readonly test: ParsedTest; readonly compare: Label } | undefined
  for (const { tests, action } of decision.conditions.toReversed()) {
    const then = code.answer(returnValue(action))
    const sole = soleLowTest(tests)
    if (sole !== undefined) {
      const same = loaded?.test.index === sole.index && loaded.test.mask === sole.mask
      const otherwise = same && loaded !== undefined ? loaded.compare : next
      const compare = code.test(bpf.jumpIfEqual, low(sole.value), then, otherwise)
      if (low(sole.mask) !== 0xffffffff) code.and(low(sole.mask))
      next = code.load(lowOffset(sole.index))
      loaded = { test: sole, compare }
      continue
    }
    loaded = undefined
    let entry = then
    for (const test of tests.toReversed()) entry = testCode(code, test, entry, next)
    next = entry
  }
  return next
}
