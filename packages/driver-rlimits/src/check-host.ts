import { outOfRange } from '@caisson/core'
import type { HostLimits } from './host-limits.js'
import { UNLIMITED, type RlimitKey, type RlimitPair } from './rlimit-table.js'

/** A kernel's value as the caller writes it. */
function shown(key: RlimitKey, value: bigint): string {
  if (value === UNLIMITED) return 'max'
  if (key === 'nice') return String(20n - value)
  if (key === 'cpuTime') return `${value}s`
  return key === 'realtimeTime' ? `${Number(value) / 1000}ms` : String(value)
}

/**
 * Refuses what the kernel would refuse later, when a container half stands.
 * @throws RangeError ERR_LIMIT_RANGE naming the field, the hard limit and the fix
 */
export function checkAgainstHost(key: RlimitKey, pair: RlimitPair, host: HostLimits): void {
  const field = `limits.${key}`
  const refuse = (why: string, fix: string) =>
    outOfRange({ field, why, fix, code: 'ERR_LIMIT_RANGE' })
  if (key === 'openFiles' && pair.hard > host.maxOpenFiles) {
    throw refuse(
      `${shown(key, pair.hard)} is more than fs.nr_open, ${host.maxOpenFiles}`,
      `Ask for at most ${host.maxOpenFiles}, or raise it by sysctl fs.nr_open.`,
    )
  }
  const hard = host.hard.get(key)
  if (hard === undefined || pair.hard <= hard || host.mayRaise) return
  throw refuse(
    `${shown(key, pair.hard)} is beyond the hard limit of this process, ${shown(key, hard)}, and it lacks CAP_SYS_RESOURCE`,
    `Ask for at most ${shown(key, key === 'cpuTime' ? hard - 1n : hard)}, or raise the hard limit of the ` +
      'process (systemd: Limit*=, a shell: ulimit -H, docker: --ulimit) before it starts.',
  )
}
