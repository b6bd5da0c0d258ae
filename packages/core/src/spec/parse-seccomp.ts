import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { frozenJson } from '../values/frozen-json.js'
import { checkFields, plainObject } from './check-fields.js'
import type { SeccompProfileSpec, SeccompSpec } from './container-spec.js'

const fields: ReadonlySet<string> = new Set(['bpf', 'profile', 'architectures'])

function parseProgram(bpf: unknown): { readonly bpf: Uint8Array } {
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

function parseArchitectures(value: unknown): SeccompProfileSpec['architectures'] {
  if (value === undefined || value === 'native') return 'native'
  if (value === 'profile') return value
  throw invalidArgument({ field: 'seccomp.architectures', why: 'must be `native` or `profile`' })
}

/** @throws TypeError or RangeError ERR_INVALID_SPEC */
export function parseSeccomp(value: unknown): SeccompSpec {
  if (value === undefined) return 'default'
  if (value === 'default' || value === 'strict' || value === 'unconfined') return value
  if (typeof value === 'string') {
    const why = 'must be `default`, `strict`, `unconfined`, { profile } or { bpf }'
    throw invalidArgument({ field: 'seccomp', why })
  }
  const given = checkFields(value, 'seccomp', fields)
  const { bpf, profile, architectures } = given
  if (profile === undefined) {
    if (architectures === undefined) return parseProgram(bpf)
    throw invalidArgument({ field: 'seccomp.architectures', why: 'belongs to a profile' })
  }
  if (bpf !== undefined) {
    throw invalidArgument({ field: 'seccomp', why: 'has both a profile and a program: give one' })
  }
  const object = plainObject(profile, 'seccomp.profile')
  return Object.freeze({
    profile: plainObject(frozenJson(object, 'seccomp.profile'), 'seccomp.profile'),
    architectures: parseArchitectures(architectures),
  })
}
