import { CaissonError } from '../errors/caisson-error.js'
import type { StepContext } from './encode.js'
import { stepTable, type FieldKind, type Step, type StepInfo } from './steps.generated.js'

const byNumber = new Map<number, readonly [string, StepInfo]>(
  Object.entries(stepTable).map(([name, info]) => [info.op, [name, info]]),
)

function fault(why: string): CaissonError {
  return new CaissonError({ code: 'ERR_INVALID_SPEC', what: 'decode plan', why })
}

/** Reads fields from bytes of which nothing is trusted. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(length: number): Buffer {
    if (length > this.left) throw fault(`${length} bytes wanted, ${this.left} left`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  u32(): number {
    return this.take(4).readUInt32LE(0)
  }

  text(): string {
    const bytes = this.take(this.u32())
    if (this.take(1)[0] !== 0 || bytes.includes(0)) throw fault('a string must end at its one NUL')
    return bytes.toString('utf8')
  }

  field(kind: FieldKind): unknown {
    switch (kind) {
      case 'u32':
        return this.u32()
      case 'u64':
        return this.take(8).readBigUInt64LE(0)
      case 'str':
        return this.text()
      case 'bytes':
        return new Uint8Array(this.take(this.u32()))
      case 'strs':
        return this.#texts()
    }
    return undefined
  }

  #texts(): readonly string[] {
    const count = this.u32()
    // five bytes is the least a string takes: a huge count is refused before memory is taken for it
    if (count * 5 > this.left) throw fault(`${count} strings do not fit`)
    return Array.from({ length: count }, () => this.text())
  }
}

function isStep(value: Readonly<Record<string, unknown>>): value is Step & typeof value {
  return typeof value['op'] === 'string' && Object.hasOwn(stepTable, value['op'])
}

/**
 * The steps that bytes hold: what the launcher would understand.
 * @throws CaissonError ERR_INVALID_SPEC for an unknown step, a wrong context, a missing or trailing byte
 */
export function decodeSteps(bytes: Uint8Array, context: StepContext): readonly Step[] {
  const reader = new Reader(bytes)
  const steps: Step[] = []
  while (reader.left > 0) {
    const op = reader.u32()
    const [name, info] = byNumber.get(op) ?? []
    if (name === undefined || info === undefined) throw fault(`there is no step ${op}`)
    if (!info.contexts.includes(context)) throw fault(`${name} among ${context} steps`)
    const body = new Reader(reader.take(reader.u32()))
    const step: Record<string, unknown> = { op: name }
    for (const [field, kind] of info.fields) step[field] = body.field(kind)
    if (body.left > 0) throw fault(`${name} has ${body.left} bytes too many`)
    if (isStep(step)) steps.push(step)
  }
  return steps
}
