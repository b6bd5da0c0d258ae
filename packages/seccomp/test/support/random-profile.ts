import {
  syscallTable,
  type Architecture,
  type SeccompArgument,
  type SeccompFilter,
  type SeccompProfile,
} from '@caisson/seccomp'
import { random } from './random.js'

const actions: readonly SeccompProfile['defaultAction'][] = [
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
]
const ops: readonly SeccompArgument['op'][] = [
  'SCMP_CMP_EQ',
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_GT',
  'SCMP_CMP_GE',
  'SCMP_CMP_MASKED_EQ',
]

/** A profile of that many rules, the same for the same seed: every kind of action, comparison and condition. */
export function randomProfile(seed: number, rules: number, arch: Architecture): SeccompProfile {
  const next = random(seed)
  const names = [...syscallTable(arch).numberOf.keys()]
  const pick = <T>(list: readonly T[]): T => {
    const value = list[next(list.length)]
    if (value === undefined) throw new Error('empty list')
    return value
  }
  const constant = () => BigInt(pick([0, 1, 7, 0x5412, 0xffffffff])) << BigInt(pick([0, 0, 31, 32]))
  const test = (): SeccompArgument => {
    const op = pick(ops)
    const value = constant()
    const index = next(3)
    return op === 'SCMP_CMP_MASKED_EQ'
      ? { index, op, value: value | constant(), valueTwo: value }
      : { index, op, value: next(2) === 0 ? value : `0x${value.toString(16)}` }
  }
  const action = () => {
    const name = pick(actions)
    if (name !== 'SCMP_ACT_ERRNO') return { name }
    return { name, ...pick([{}, { errnoRet: 13 }, { errno: 'ENOSYS' }, { errno: 'EINVAL' }]) }
  }
  const filter = (): SeccompFilter =>
    pick([
      { caps: ['CAP_KILL'] },
      { caps: ['CAP_KILL', 'CAP_CHOWN'] },
      { arches: ['amd64', 'riscv64'] },
      { minKernel: pick(['4.8', '6.12', '99.0']) },
    ])
  const rule = () => {
    const { name, ...errno } = action()
    return {
      action: name,
      ...errno,
      names: Array.from({ length: 1 + next(40) }, () => pick(names)),
      args: Array.from({ length: next(4) }, test),
      ...(next(4) === 0 ? { includes: filter() } : {}),
      ...(next(4) === 0 ? { excludes: filter() } : {}),
    }
  }
  return { defaultAction: pick(actions), syscalls: Array.from({ length: rules }, rule) }
}
