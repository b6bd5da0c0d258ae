/** struct seccomp_data of one call. */
export interface Call {
  readonly arch: number
  readonly number: number
  readonly args: readonly bigint[]
}

/** What the kernel's checker refuses; undefined when it would take the program. */
export function refusal(program: Uint8Array): string | undefined {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength)
  const count = program.length / 8
  if (!Number.isInteger(count) || count < 1 || count > 4096) return `length ${program.length}`
  for (let pc = 0; pc < count; pc++) {
    const code = view.getUint16(pc * 8, true)
    const jt = view.getUint8(pc * 8 + 2)
    const jf = view.getUint8(pc * 8 + 3)
    const k = view.getUint32(pc * 8 + 4, true)
    if (code === 0x20 && (k % 4 !== 0 || k > 60)) return `load at ${k}`
    if (code === 0x05 && pc + 1 + k >= count) return `jump out of the program at ${pc}`
    if ([0x15, 0x25, 0x35].includes(code) && pc + 1 + Math.max(jt, jf) >= count)
      return `jump out at ${pc}`
    if (![0x20, 0x05, 0x15, 0x25, 0x35, 0x54, 0x06].includes(code)) return `code ${code} at ${pc}`
  }
  return view.getUint16((count - 1) * 8, true) === 0x06 ? undefined : 'no answer at the end'
}

function wordAt(call: Call, offset: number): number {
  if (offset === 0) return call.number >>> 0
  if (offset === 4) return call.arch >>> 0
  if (offset < 16) throw new Error('the instruction pointer is no business of a profile')
  const arg = call.args[(offset - 16) >> 3] ?? 0n
  return Number((offset % 8 === 0 ? arg : arg >> 32n) & 0xffffffffn)
}

/** Runs a filter as the kernel does. */
export function simulate(program: Uint8Array, call: Call): { value: number; steps: number } {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength)
  let a = 0
  let steps = 0
  for (let pc = 0; ; pc++) {
    steps += 1
    const k = view.getUint32(pc * 8 + 4, true)
    const jump = (yes: boolean) => (yes ? view.getUint8(pc * 8 + 2) : view.getUint8(pc * 8 + 3))
    switch (view.getUint16(pc * 8, true)) {
      case 0x20:
        a = wordAt(call, k)
        break
      case 0x54:
        a = (a & k) >>> 0
        break
      case 0x05:
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
      case 0x06:
        return { value: k, steps }
      default:
        throw new Error(`bad instruction at ${pc}`)
    }
  }
}
