import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { probeSlotName } from '@caisson/cgroup-kit'
import type { LimitSupport, LimitSupports, Probe } from '@caisson/core'
import { availableControllers, delegationFix, enabledControllers } from './controllers.js'
import type { Place } from './place.js'

/** Field, controller, a file that must be there, and the kernel that has it. */
const FIELDS: readonly (readonly [string, string, string, string])[] = [
  ['memory', 'memory', 'memory.max', 'CONFIG_MEMCG'],
  ['memory.swap', 'memory', 'memory.swap.max', 'CONFIG_SWAP, not booted with swapaccount=0'],
  ['memory.oomGroup', 'memory', 'memory.oom.group', 'version 4.19 or newer'],
  ['cpu', 'cpu', 'cpu.weight', 'CONFIG_FAIR_GROUP_SCHED'],
  ['cpu.max', 'cpu', 'cpu.max', 'CONFIG_CFS_BANDWIDTH'],
  ['cpu.burst', 'cpu', 'cpu.max.burst', 'CONFIG_CFS_BANDWIDTH, 5.14 or newer'],
  ['cpu.set', 'cpuset', 'cpuset.cpus', 'CONFIG_CPUSETS'],
  ['cpu.mems', 'cpuset', 'cpuset.mems', 'CONFIG_CPUSETS'],
  ['pids', 'pids', 'pids.max', 'CONFIG_CGROUP_PIDS'],
  ['io', 'io', 'io.max', 'CONFIG_BLK_DEV_THROTTLING'],
  ['io.weight', 'io', 'io.weight', 'CONFIG_BLK_CGROUP_IOCOST'],
  ['io.devices.latency', 'io', 'io.latency', 'CONFIG_BLK_CGROUP_IOLATENCY'],
  ['hugetlb', 'hugetlb', 'hugetlb.2MB.max', 'CONFIG_CGROUP_HUGETLB'],
  ['rdma', 'rdma', 'rdma.max', 'CONFIG_CGROUP_RDMA'],
  ['misc', 'misc', 'misc.max', 'CONFIG_CGROUP_MISC'],
]

/**
 * Which files new groups have. A group is made and removed at once: the top has none of them. Files of controllers that are
 * not handed down yet cannot be seen, and are taken for granted.
 */
function lookAt(root: string): (controller: string, file: string) => boolean {
  const trial = join(root, probeSlotName())
  const enabled = enabledControllers(root)
  const found = new Set<string>()
  try {
    mkdirSync(trial)
    for (const [, , file] of FIELDS) if (existsSync(join(trial, file))) found.add(file)
    rmdirSync(trial)
  } catch {
    return () => true
  }
  return (controller, file) => found.has(file) || !enabled.includes(controller)
}

function supportsOf(root: string, has: ReturnType<typeof lookAt>): LimitSupports {
  const available = availableControllers(root)
  const supports: Record<string, LimitSupport> = {
    cpuTime: { level: 'enforced', note: 'of all processes together, sampled' },
    unified: { level: 'enforced', note: 'what is written is read back, and not understood' },
  }
  for (const [field, controller, file, kernel] of FIELDS) {
    if (!available.includes(controller)) {
      const why = `the controller ${controller} is not available in ${root}`
      supports[field] = { level: 'unsupported', why, fix: delegationFix() }
    } else if (!has(controller, file)) {
      const fix = `Use a kernel with ${kernel}.`
      supports[field] = { level: 'unsupported', why: `${file} is not there`, fix }
    } else {
      supports[field] = { level: 'enforced' }
    }
  }
  return supports
}

/**
 * What this host gives.
 * @param ours whether groups of ours may be made there, also for a look
 */
export function probePlace({ root, missing, adopt, nsdelegate }: Place, ours = true): Probe {
  if (root === undefined) return { ok: false, missing, degraded: [], facts: {} }
  const facts: Record<string, string> = {
    root,
    controllers: availableControllers(root).join(' '),
    nsdelegate: nsdelegate ? 'yes' : 'no',
  }
  if (adopt) facts['adopt'] = `processes in ${root} are moved to ${root}/sdk at the first use`
  return {
    ok: true,
    missing: [],
    degraded: [],
    facts,
    limits: supportsOf(root, ours ? lookAt(root) : () => true),
  }
}
