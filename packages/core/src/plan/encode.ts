import { CaissonError } from '../errors/caisson-error.js'
import { describeType } from '../values/describe-type.js'
import { stepTable, type FieldKind, type Step, type StepInfo } from './steps.generated.js'

/** Where a list of steps runs. */
export type StepContext = 'template' | 'container' | 'process'

// One buffer for all: encoding is synchronous, and every start encodes.
let scratch = Buffer.allocUnsafe(64 * 1024)
let used = 0

function reserve(bytes: number): void {
  if (used + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, used + bytes))
  scratch.copy(larger, 0, 0, used)
  scratch = larger
}

function putU32(value: number): void {
  reserve(4)
  used = scratch.writeUInt32LE(value, used)
}

function putText(value: string): void {
  // a UTF-16 unit has at most three bytes
  reserve(value.length * 3 + 5)
  const length = scratch.write(value, used + 4, 'utf8')
  scratch.writeUInt32LE(length, used)
  used += length + 4
  scratch[used++] = 0
}

function fault(step: string, field: string, why: string): CaissonError {
  return new CaissonError({
    code: 'ERR_INVALID_SPEC',
    what: 'encode plan',
    subject: `${step}.${field}`,
    why,
    field,
    step,
    fix: 'The driver that made the plan must mend it; packages/core/src/plan/step-table.json says what a step takes.',
  })
}

function checkText(value: unknown, step: string, field: string): string {
  if (typeof value !== 'string') {
    throw fault(step, field, `must be a string, not ${describeType(value)}`)
  }
  if (value.includes('\0')) throw fault(step, field, 'contains a NUL byte')
  return value
}

function putField(kind: FieldKind, value: unknown, step: string, field: string): void {
  switch (kind) {
    case 'u32':
      if (typeof value !== 'number' || value >>> 0 !== value) {
        throw fault(step, field, `must be a whole number of 32 bits, not ${String(value)}`)
      }
      putU32(value)
      return
    case 'u64':
      if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) {
        throw fault(step, field, `must be a bigint of 64 bits, not ${String(value)}`)
      }
      reserve(8)
      used = scratch.writeBigUInt64LE(value, used)
      return
    case 'str':
      putText(checkText(value, step, field))
      return
    case 'bytes':
      if (!(value instanceof Uint8Array)) {
        throw fault(step, field, `must be bytes, not ${describeType(value)}`)
      }
      putU32(value.length)
      reserve(value.length)
      scratch.set(value, used)
      used += value.length
      return
    case 'strs': {
      if (!Array.isArray(value)) {
        throw fault(step, field, `must be an array of strings, not ${describeType(value)}`)
      }
      putU32(value.length)
      for (const item of value) putText(checkText(item, step, field))
    }
  }
}

function infoOf(step: Step, context: StepContext): StepInfo {
  const name: string = step.op
  const info = Object.hasOwn(stepTable, name) ? stepTable[step.op] : undefined
  if (info === undefined) throw fault(name, 'op', 'there is no such step')
  if (!info.contexts.includes(context)) {
    throw fault(name, 'op', `a ${info.contexts.join(' or ')} step among ${context} steps`)
  }
  return info
}

function checkNoOthers(step: Step, info: StepInfo): void {
  const names = Object.keys(step)
  if (names.length === info.fields.length + 1) return
  const other = names.find((name) => name !== 'op' && !info.fields.some(([f]) => f === name))
  // with one field too few, the missing one was refused before
  if (other !== undefined) throw fault(step.op, other, 'unknown field')
}

/**
 * Steps as the launcher reads them (docs/architecture.md, "Step encoding").
 * @throws CaissonError ERR_INVALID_SPEC for a step or field that is not in the table
 */
export function encodeSteps(steps: readonly Step[], context: StepContext): Uint8Array {
  used = 0
  for (const step of steps) {
    const info = infoOf(step, context)
    putU32(info.op)
    const lengthAt = used
    putU32(0)
    for (const [field, kind] of info.fields) {
      putField(kind, Reflect.get(step, field), step.op, field)
    }
    checkNoOthers(step, info)
    scratch.writeUInt32LE(used - lengthAt - 4, lengthAt)
  }
  // a copy: the scratch buffer is written over by the next call
  return Uint8Array.prototype.slice.call(scratch, 0, used)
}
