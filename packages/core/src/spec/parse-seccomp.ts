import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { checkFields } from './check-fields.js'
import type { ContainerSpec } from './container-spec.js'

const fields: ReadonlySet<string> = new Set(['bpf'])

/** @throws TypeError or RangeError ERR_INVALID_SPEC */
export function parseSeccomp(value: unknown): ContainerSpec['seccomp'] {
  if (value === undefined) return 'default'
  if (value === 'default' || value === 'strict' || value === 'unconfined') return value
  if (typeof value === 'string') {
    const why = 'must be `default`, `strict`, `unconfined` or { bpf }'
    throw invalidArgument({ field: 'seccomp', why })
  }
  const { bpf } = checkFields(value, 'seccomp', fields)
  if (!(bpf instanceof Uint8Array)) {
    const why = `must be a Uint8Array, not ${describeType(bpf)}`
    throw invalidArgument({ field: 'seccomp.bpf', why })
  }
  // struct sock_filter has 8 bytes, BPF_MAXINSNS is 4096
  if (bpf.length === 0 || bpf.length % 8 !== 0 || bpf.length > 4096 * 8) {
    const why = `${bpf.length} bytes are not 1 to 4096 instructions of 8 bytes`
    throw outOfRange({ field: 'seccomp.bpf', why })
  }
  // bytes cannot be frozen: a copy is what the caller cannot change any more
  return Object.freeze({ bpf: Uint8Array.from(bpf) })
}
