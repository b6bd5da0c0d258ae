import { readFileSync } from 'node:fs'
import type { Launcher, LimitSupport } from '@caisson/core'

/** What an id of this user namespace is one level out; undefined: nothing is mapped to it. */
export function outerId(uidMap: string, id: number): number | undefined {
  for (const line of uidMap.split('\n')) {
    const [inside = Number.NaN, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number)
    if (id >= inside && id < inside + count) return outside + (id - inside)
  }
  return undefined
}

const exempt: LimitSupport = Object.freeze({
  level: 'unsupported',
  why: 'containers run as the host’s root by id (a single one, or the ids as they are), whose processes the kernel does not count',
  fix: 'Use `pids` of a limiter with control groups; or the launcher’s best mode as root, which gives containers ids of their own.',
})

/**
 * Why `processes` holds nobody here; undefined where it does. The kernel exempts its first user, 0 of the host: in every mode but
 * `root` the container's root is the user of this process.
 */
export async function whyExempt(
  launcher: Pick<Launcher, 'identity'> | undefined,
  uid: number = process.geteuid?.() ?? 0,
  uidMap: () => string = () => readFileSync('/proc/self/uid_map', 'latin1'),
): Promise<LimitSupport | undefined> {
  if (launcher === undefined) return undefined
  try {
    const { mode } = await launcher.identity()
    return mode !== 'root' && outerId(uidMap(), uid) === 0 ? exempt : undefined
  } catch {
    // nothing can be started then, and the isolation driver's probe says why
    return undefined
  }
}
