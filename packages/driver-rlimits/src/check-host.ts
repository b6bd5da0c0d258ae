import { outOfRange } from '@caisson/core'
import type { HostLimits } from './host-limits.js'
import type { RlimitKey, RlimitPair } from './rlimit-table.js'

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
      `${pair.hard} is more than fs.nr_open, ${host.maxOpenFiles}`,
      `Ask for at most ${host.maxOpenFiles}, or raise it: sysctl fs.nr_open=${pair.hard}`,
    )
  }
  const hard = host.hard.get(key)
  if (hard === undefined || pair.hard <= hard || host.mayRaise) return
  throw refuse(
    `${pair.hard} is more than the hard limit of this process, ${hard}, and it lacks CAP_SYS_RESOURCE`,
    `Ask for at most ${key === 'cpuTime' ? `${hard - 1n}s` : hard}, or raise the hard limit of the ` +
      'process (systemd: Limit*=, a shell: ulimit -H, docker: --ulimit) before it starts.',
  )
}
