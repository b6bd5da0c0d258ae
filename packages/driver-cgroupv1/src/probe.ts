import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { probeSlotName } from '@caisson/cgroup-kit'
import type { LimitSupport, Missing, Probe } from '@caisson/core'
import type { Controller, Tree, Trees } from './trees.js'

const V2 = 'Use a host with cgroup v2 and its limiter.'

function unsupported(why: string, fix: string): LimitSupport {
  return { level: 'unsupported', why, fix }
}

function mountFix(controller: string): string {
  const place = `/sys/fs/cgroup/${controller}`
  return (
    `Mount it: mkdir -p ${place} && mount -t cgroup -o ${controller} none ${place}; where that fails, boot with ` +
    'systemd.unified_cgroup_hierarchy=0, without cgroup_no_v1=.'
  )
}

/** Whether the new groups of a tree have a file: the root of one may lack what those below have. */
function groupHas(tree: Tree | undefined, file: string): boolean {
  if (tree === undefined) return false
  if (existsSync(join(tree.own, file))) return true
  const trial = join(tree.own, probeSlotName())
  try {
    mkdirSync(trial)
    return existsSync(join(trial, file))
  } catch {
    return false
  } finally {
    try {
      rmdirSync(trial)
    } catch {
      // it was not made
    }
  }
}

function supportOf(
  trees: Trees,
  controller: Controller,
  file: string,
  kernel: string,
): LimitSupport {
  const tree = trees.of(controller)
  if (tree === undefined) {
    return unsupported(`no v1 hierarchy has the controller ${controller}`, mountFix(controller))
  }
  if (!tree.writable) {
    return unsupported(
      `this user may not make groups in ${tree.own}, and v1 is not safe to be given to one`,
      'Run as root, or use a host with cgroup v2.',
    )
  }
  if (groupHas(tree, file)) return { level: 'enforced' }
  return unsupported(`${file} is not there`, `Use a kernel built with ${kernel}.`)
}

const NEVER: Readonly<Record<string, LimitSupport>> = {
  'memory.high': unsupported('cgroup v1 has no limit that slows down', V2),
  'memory.low': unsupported('cgroup v1 protects no memory', V2),
  'memory.min': unsupported('cgroup v1 protects no memory', V2),
  'memory.oomGroup': unsupported(
    'cgroup v1 kills one process at a time',
    'Leave it out: without it, one process is killed here, as with `false`.',
  ),
  'io.devices.latency': unsupported('cgroup v1 has no target for latency', V2),
}

function limitsOf(trees: Trees): Readonly<Record<string, LimitSupport>> {
  const memory = supportOf(trees, 'memory', 'memory.limit_in_bytes', 'CONFIG_MEMCG_V1')
  const cpu = supportOf(trees, 'cpu', 'cpu.cfs_quota_us', 'CONFIG_CFS_BANDWIDTH')
  const counted = supportOf(trees, 'cpuacct', 'cpuacct.usage', 'CONFIG_CGROUP_CPUACCT')
  const swapping = groupHas(trees.of('memory'), 'memory.memsw.limit_in_bytes')
  return {
    ...NEVER,
    memory:
      memory.level === 'enforced' && !swapping
        ? { level: 'enforced', note: 'swap is not counted: what is swapped out is not limited' }
        : memory,
    'memory.swap': swapping
      ? memory
      : unsupported('this kernel does not count swap', 'Boot it with swapaccount=1.'),
    cpu,
    'cpu.burst': supportOf(trees, 'cpu', 'cpu.cfs_burst_us', 'CONFIG_CFS_BANDWIDTH, 5.14 or newer'),
    'cpu.weight': supportOf(trees, 'cpu', 'cpu.shares', 'CONFIG_FAIR_GROUP_SCHED'),
    'cpu.set': supportOf(trees, 'cpuset', 'cpuset.cpus', 'CONFIG_CPUSETS_V1'),
    'cpu.mems': supportOf(trees, 'cpuset', 'cpuset.mems', 'CONFIG_CPUSETS_V1'),
    cpuTime:
      counted.level === 'enforced'
        ? { ...counted, note: 'of all processes together, sampled' }
        : counted,
    pids: supportOf(trees, 'pids', 'pids.max', 'CONFIG_CGROUP_PIDS'),
    io: supportOf(trees, 'blkio', 'blkio.throttle.write_bps_device', 'CONFIG_BLK_DEV_THROTTLING'),
    'io.weight': unsupported('on v1 it depends on the I/O scheduler of each disk', V2),
    hugetlb: supportOf(trees, 'hugetlb', 'hugetlb.2MB.limit_in_bytes', 'CONFIG_CGROUP_HUGETLB'),
  }
}

function missingOf(trees: Trees): readonly Missing[] {
  if (trees.all.every(({ controllers }) => controllers.length === 0)) {
    return [
      {
        what: 'cgroup v1: no hierarchy of it is mounted',
        fix: 'Use the limiter for cgroup v2, or mount the controllers of v1.',
      },
    ]
  }
  const needed = (['memory', 'cpuacct', 'pids'] as const).flatMap((controller): Missing[] =>
    trees.of(controller) === undefined
      ? [{ what: `the controller ${controller}`, fix: mountFix(controller) }]
      : [],
  )
  const closed = trees.all.filter(({ writable }) => !writable).map(({ own }) => own)
  if (closed.length === 0) return needed
  return [
    ...needed,
    {
      what: `control groups below ${closed.join(', ')}: this user may not make any there`,
      fix: 'Run as root: v1 is not safe to be given to somebody else. Without root, use cgroup v2 or rlimits.',
    },
  ]
}

/** What this host gives. */
export function probeTrees(trees: Trees): Probe {
  const missing = missingOf(trees)
  const places = trees.all.map(({ controllers, own }): [string, string] => [
    controllers.join('+') || 'cgroup2',
    own,
  ])
  const { unified } = trees
  const freezer = trees.of('freezer')
  const degraded: string[] = []
  if (unified === undefined) {
    degraded.push(
      `no cgroup2 tree: processes are killed and stopped ${freezer === undefined ? 'one by one' : 'by the freezer'}`,
    )
  }
  return {
    ok: missing.length === 0,
    missing,
    degraded,
    facts: Object.fromEntries(places),
    limits: limitsOf(trees),
  }
}
