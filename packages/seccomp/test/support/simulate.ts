/** struct seccomp_data of one call. */
export interface Call {
  readonly arch: number
  readonly number: number
  readonly args: readonly bigint[]
}

/** The byte order that a program was made for. */
export type Endian = 'little' | 'big'

const LOAD = 0x20
const JUMP = 0x05
const AND = 0x54
const ANSWER = 0x06
const tests = [0x15, 0x25, 0x35]
const words = { [LOAD]: 'load', [JUMP]: 'jump', [AND]: 'and', [ANSWER]: 'answer' }
const compares = { 0x15: '==', 0x25: '>', 0x35: '>=' }

interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

function instructions(program: Uint8Array, endian: Endian): readonly Instruction[] {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength)
  const little = endian === 'little'
  return Array.from({ length: program.length / 8 }, (_, pc) => ({
    code: view.getUint16(pc * 8, little),
    jt: view.getUint8(pc * 8 + 2),
    jf: view.getUint8(pc * 8 + 3),
    k: view.getUint32(pc * 8 + 4, little),
  }))
}

/**
 * What the kernel's checker refuses; undefined when it would take the program. Also what its evaluation of constant answers
 * does not understand, and what can never be reached.
 */
export function refusal(program: Uint8Array, endian: Endian = 'little'): string | undefined {
  if (program.length % 8 !== 0 || program.length === 0 || program.length > 4096 * 8) {
    return `length ${program.length}`
  }
  const list = instructions(program, endian)
  const reached = new Set([0])
  for (const [pc, { code, jt, jf, k }] of list.entries()) {
    if (!reached.has(pc)) return `nothing leads to ${pc}`
    if (code === LOAD && (k % 4 !== 0 || k > 60)) return `load at ${k}`
    if (
      code !== LOAD &&
      code !== AND &&
      code !== JUMP &&
      code !== ANSWER &&
      !tests.includes(code)
    ) {
      return `code ${code} at ${pc}`
    }
    const next = code === ANSWER ? [] : code === JUMP ? [k] : tests.includes(code) ? [jt, jf] : [0]
    for (const by of next) {
      if (pc + 1 + by >= list.length) return `jump out of the program at ${pc}`
      reached.add(pc + 1 + by)
    }
  }
  return list.at(-1)?.code === ANSWER ? undefined : 'no answer at the end'
}

function line({ code, jt, jf, k }: Instruction, pc: number): string {
  const hex = `0x${k.toString(16)}`
  const compare = new Map(Object.entries(compares)).get(String(code))
  if (compare !== undefined) return `if ${compare} ${hex} ${pc + 1 + jt} else ${pc + 1 + jf}`
  const word = new Map(Object.entries(words)).get(String(code)) ?? `code ${code}`
  return `${word} ${code === LOAD ? k : code === JUMP ? pc + 1 + k : hex}`
}

/** The program for people, one instruction a line. */
export function listing(program: Uint8Array, endian: Endian = 'little'): string {
  return instructions(program, endian)
    .map((one, pc) => `${String(pc).padStart(3)}  ${line(one, pc)}\n`)
    .join('')
}

function wordAt(call: Call, offset: number, endian: Endian): number {
  if (offset === 0) return call.number >>> 0
  if (offset === 4) return call.arch >>> 0
  if (offset < 16) throw new Error('the instruction pointer is no business of a profile')
  const arg = call.args[(offset - 16) >> 3] ?? 0n
  const isLow = (offset % 8 === 0) === (endian === 'little')
  return Number((isLow ? arg : arg >> 32n) & 0xffffffffn)
}

/** Runs a filter as the kernel does. */
export function simulate(
  program: Uint8Array,
  call: Call,
  endian: Endian = 'little',
): { value: number; steps: number } {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength)
  const little = endian === 'little'
  let a = 0
  let steps = 0
  for (let pc = 0; ; pc++) {
    steps += 1
    const k = view.getUint32(pc * 8 + 4, little)
    const jump = (yes: boolean) => (yes ? view.getUint8(pc * 8 + 2) : view.getUint8(pc * 8 + 3))
    switch (view.getUint16(pc * 8, little)) {
      case LOAD:
        a = wordAt(call, k, endian)
        break
      case AND:
        a = (a & k) >>> 0
        break
      case JUMP:
        pc += k
        break
      case 0x15:
        pc += jump(a === k)
        break
      case 0x25:
        pc += jump(a > k)
        break
      case 0x35:
        pc += jump(a >= k)
        break
      case ANSWER:
        return { value: k, steps }
      default:
        throw new Error(`bad instruction at ${pc}`)
    }
  }
}
