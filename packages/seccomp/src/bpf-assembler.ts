/** Instructions of classic BPF that filters need; the kernel's own evaluation of constant answers understands all of them. */
export const bpf = {
  load: 0x20,
  jump: 0x05,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfGreaterOrEqual: 0x35,
  and: 0x54,
  answer: 0x06,
} as const

/** A place in the program: how many instructions lie from it to the end. */
export type Label = number

interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

const maxInstructions = 4096

/**
 * Builds a program from its end to its beginning: jumps only go forward, so every target is there before its jump, and a
 * jump that is too long for its 8 bits is seen when it is made.
 */
export class BpfAssembler {
  readonly #reversed: Instruction[] = []
  readonly #answers = new Map<number, Label>()

  #push(code: number, k: number, jt = 0, jf = 0): Label {
    this.#reversed.push({ code, jt, jf, k: k >>> 0 })
    return this.#reversed.length
  }

  /** `ret value`: one that is near, or a new one. */
  answer(value: number): Label {
    const known = this.#answers.get(value)
    if (known !== undefined && this.#distance(known) < 200) return known
    const label = this.#push(bpf.answer, value)
    this.#answers.set(value, label)
    return label
  }

  /** Loads the 32-bit word at that offset of struct seccomp_data; goes on with what was made before. */
  load(offset: number): Label {
    return this.#push(bpf.load, offset)
  }

  and(mask: number): Label {
    return this.#push(bpf.and, mask)
  }

  /** Makes sure that what was made last is `to`. */
  continueAt(to: Label): Label {
    return to === this.#reversed.length ? to : this.#push(bpf.jump, this.#distance(to))
  }

  /** Compares what is loaded with `k`. */
  test(
    code: typeof bpf.jumpIfEqual | typeof bpf.jumpIfGreater | typeof bpf.jumpIfGreaterOrEqual,
    k: number,
    then: Label,
    otherwise: Label,
  ): Label {
    const near = (label: Label, reserve: number) => {
      if (this.#distance(label) + reserve <= 255) return label
      return this.#push(bpf.jump, this.#distance(label))
    }
    // The second jump of a pair may still move the first target one instruction away.
    const yes = near(then, 1)
    const no = near(otherwise, 0)
    return this.#push(code, k, this.#distance(yes), this.#distance(no))
  }

  #distance(label: Label): number {
    return this.#reversed.length - label
  }

  get length(): number {
    return this.#reversed.length
  }

  /**
   * struct sock_filter[].
   * @throws RangeError ERR_SECCOMP_PROFILE when the kernel would refuse the length
   */
  bytes(endian: 'little' | 'big'): Uint8Array {
    if (this.length > maxInstructions) {
      const message = `seccomp profile: ${this.length} instructions: the kernel takes ${maxInstructions}`
      throw Object.assign(new RangeError(message), { code: 'ERR_SECCOMP_PROFILE' })
    }
    const bytes = new Uint8Array(this.length * 8)
    const view = new DataView(bytes.buffer)
    const little = endian === 'little'
    for (const [i, { code, jt, jf, k }] of this.#reversed.toReversed().entries()) {
      view.setUint16(i * 8, code, little)
      view.setUint8(i * 8 + 2, jt)
      view.setUint8(i * 8 + 3, jf)
      view.setUint32(i * 8 + 4, k, little)
    }
    return bytes
  }
}
