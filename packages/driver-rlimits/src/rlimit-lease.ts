import { CaissonError, type LimitLease, type ParsedLimits } from '@caisson/core'
import { checkAgainstHost } from './check-host.js'
import type { HostLimits } from './host-limits.js'
import { rlimitReason, type ReasonLimits } from './rlimit-reason.js'
import {
  kernelPairs,
  RLIMIT_KEYS,
  RLIMITS,
  type RlimitKey,
  type RlimitPair,
} from './rlimit-table.js'

function refuseForeign(limits: ParsedLimits): void {
  const keys: readonly string[] = RLIMIT_KEYS
  for (const [key, value] of Object.entries(limits)) {
    if (keys.includes(key) || value === undefined) continue
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'limit',
      subject: key,
      why: `rlimits does not enforce it, only ${keys.join(', ')}`,
      driver: 'rlimits',
      field: `limits.${key}`,
    })
  }
}

function reasonLimits(pairs: ReadonlyMap<RlimitKey, RlimitPair>): ReasonLimits {
  const cpu = pairs.get('cpuTime')
  return {
    cpuTimeMs: cpu === undefined ? undefined : Number(cpu.soft) * 1000,
    fileSize: pairs.has('fileSize'),
  }
}

/**
 * The lease for these limits. It holds nothing but data, so that one serves every command with the same limits.
 * @throws CaissonError ERR_LIMIT_RANGE, ERR_UNSUPPORTED
 */
export function makeLease(limits: ParsedLimits<RlimitKey>, host: HostLimits): LimitLease {
  refuseForeign(limits)
  const pairs = kernelPairs(limits)
  for (const [key, pair] of pairs) checkAgainstHost(key, pair, host)
  const process = [...pairs].map(([key, pair]) =>
    Object.freeze({ op: 'rlimit' as const, resource: RLIMITS[key].resource, ...pair }),
  )
  const reasons = reasonLimits(pairs)
  return Object.freeze({
    enforced: Object.freeze([...pairs.keys()]),
    amendment: Object.freeze({ process: Object.freeze(process) }),
    reason: (end) => rlimitReason(reasons, end),
    durable: true,
    release: () => Promise.resolve(),
  } satisfies LimitLease)
}
