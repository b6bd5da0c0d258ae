import {
  auditArchitecture,
  syscallTable,
  type ArgumentTest,
  type Architecture,
  type SeccompAction,
  type SeccompProfile,
} from '@caisson/seccomp'
import type { Call } from './simulate.js'

const values: Readonly<Record<SeccompAction, number>> = {
  'kill-process': 0x80000000,
  'kill-thread': 0,
  trap: 0x30000,
  'errno:EPERM': 0x50001,
  'errno:EACCES': 0x5000d,
  'errno:EINVAL': 0x50016,
  'errno:ENOSYS': 0x50026,
  'errno:ENOTSUP': 0x5005f,
  'errno:EAFNOSUPPORT': 0x50061,
  log: 0x7ffc0000,
  allow: 0x7fff0000,
}
/** From the most to the least restrictive. */
const order: readonly SeccompAction[] = [
  'kill-process',
  'kill-thread',
  'trap',
  'errno:EPERM',
  'errno:EACCES',
  'errno:EINVAL',
  'errno:ENOSYS',
  'errno:ENOTSUP',
  'errno:EAFNOSUPPORT',
  'log',
  'allow',
]

function holds(test: ArgumentTest, call: Call): boolean {
  const arg = call.args[test.index] ?? 0n
  const value = BigInt(test.value)
  const results: Readonly<Record<ArgumentTest['op'], boolean>> = {
    eq: arg === value,
    ne: arg !== value,
    lt: arg < value,
    le: arg <= value,
    gt: arg > value,
    ge: arg >= value,
    'masked-eq': (arg & BigInt(test.mask ?? 0)) === value,
  }
  return results[test.op]
}

/** Reads a profile as its documentation says, rule by rule: the oracle that compiled filters are compared with. */
export function evaluate(
  profile: SeccompProfile,
  arch: Architecture,
  capabilities: readonly string[],
  call: Call,
): number {
  if (call.arch !== auditArchitecture[arch]) return values[profile.foreign]
  const name = syscallTable(arch).nameOf.get(call.number)
  if (name === undefined) return values[profile.unknown]
  const actions = profile.rules
    .filter((rule) => rule.names.includes(name))
    .filter(
      (rule) => rule.withCapability === undefined || capabilities.includes(rule.withCapability),
    )
    .filter(
      (rule) =>
        rule.withoutCapability === undefined || !capabilities.includes(rule.withoutCapability),
    )
    .filter((rule) => (rule.args ?? []).every((test) => holds(test, call)))
    .map((rule) => rule.action)
  return values[order.find((action) => actions.includes(action)) ?? profile.otherwise]
}

/** Arguments at and around every constant of a profile, with garbage in the high half too. */
export function boundaryArguments(profile: SeccompProfile): readonly bigint[] {
  const constants = profile.rules.flatMap((rule) =>
    (rule.args ?? []).flatMap((test) => [BigInt(test.value), BigInt(test.mask ?? 0)]),
  )
  const around = [0n, ...constants].flatMap((n) =>
    [0n, 1n, -1n, 1n << 32n, -(1n << 32n), 0xdead0000_00000000n].map((d) =>
      BigInt.asUintN(64, n + d),
    ),
  )
  return [...new Set([...around, (1n << 64n) - 1n])]
}
