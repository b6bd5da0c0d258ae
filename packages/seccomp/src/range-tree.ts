import { bpf, type BpfAssembler, type Label } from './bpf-assembler.js'

/** Numbers from `start` up to the next range, whose answer is that code. */
export interface CodeRange {
  readonly start: number
  readonly code: Label
}

/** A range with lone numbers in it that are decided otherwise; what is decided is known by its code's place. */
interface Stretch {
  readonly start: number
  readonly code: Label
  readonly exceptions: { readonly number: number; readonly code: Label }[]
}

// A lone number within a range costs one comparison as an exception, two as a range of its own. More than a few of them in
// one range would make the path to it long.
const maxExceptions = 3

function stretches(ranges: readonly CodeRange[]): Stretch[] {
  const plain = ranges.filter(({ code }, i) => code !== ranges[i - 1]?.code)
  const result: Stretch[] = []
  for (let i = 0; i < plain.length; i++) {
    const range = plain[i]
    const before = plain[i - 1]
    const after = plain[i + 1]
    const last = result.at(-1)
    if (range === undefined) break
    const alone = after !== undefined && after.start === range.start + 1
    const inside = alone && before !== undefined && before.code === after.code
    if (inside && last?.code === before.code && last.exceptions.length < maxExceptions) {
      last.exceptions.push({ number: range.start, code: range.code })
      // The range after it is the one it lies in.
      i += 1
    } else result.push({ start: range.start, code: range.code, exceptions: [] })
  }
  return result
}

function tree(code: BpfAssembler, list: readonly Stretch[]): Label {
  const [only] = list
  const middle = list.length >> 1
  const pivot = list[middle]
  if (only === undefined || pivot === undefined) throw new Error('no range')
  if (list.length === 1) {
    let next = only.code
    for (const exception of only.exceptions.toReversed()) {
      next = code.test(bpf.jumpIfEqual, exception.number, exception.code, next)
    }
    return next
  }
  const right = tree(code, list.slice(middle))
  const left = tree(code, list.slice(0, middle))
  return code.test(bpf.jumpIfGreaterOrEqual, pivot.start, right, left)
}

/** Code that finds the loaded number among the ranges by halving. Ranges are sorted, and the first begins at 0. */
export function rangeTree(code: BpfAssembler, ranges: readonly CodeRange[]): Label {
  return tree(code, stretches(ranges))
}
