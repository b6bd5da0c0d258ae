import type { ParsedCpu, ParsedIo, ParsedLimits, ParsedMemory } from '@caisson/core'
import { parseSingle, readIfThere } from '@caisson/cgroup-kit'
import { weightOf } from './cpu-shares.js'
import type { Group } from './group.js'
import type { SettingHost } from './settings.js'
import type { Controller } from './trees.js'

/** v1 writes no limit as the greatest number of pages that fits: 2^63 less a page. */
const UNLIMITED = 2 ** 62

function read(group: Group, controller: Controller, file: string): string | undefined {
  const path = group.file(controller, file)
  return path === undefined ? undefined : readIfThere(path)?.trim()
}

function bytes(group: Group, controller: Controller, file: string): number | 'max' | undefined {
  const value = parseSingle(read(group, controller, file))
  if (value === undefined) return undefined
  return value >= UNLIMITED ? 'max' : value
}

function memory(group: Group, asked: ParsedMemory): ParsedMemory {
  const max = bytes(group, 'memory', 'memory.limit_in_bytes')
  const both = bytes(group, 'memory', 'memory.memsw.limit_in_bytes')
  if (max === undefined) return asked
  const swap = both === undefined || max === 'max' ? undefined : both === 'max' ? both : both - max
  return { ...asked, max, ...(swap === undefined ? {} : { swap }) }
}

function cpu(group: Group, asked: ParsedCpu): ParsedCpu {
  const quota = parseSingle(read(group, 'cpu', 'cpu.cfs_quota_us'))
  const period = parseSingle(read(group, 'cpu', 'cpu.cfs_period_us'))
  const burst = parseSingle(read(group, 'cpu', 'cpu.cfs_burst_us'))
  const shares = parseSingle(read(group, 'cpu', 'cpu.shares'))
  const set = read(group, 'cpuset', 'cpuset.cpus')
  const mems = read(group, 'cpuset', 'cpuset.mems')
  return {
    ...asked,
    ...(asked.quotaUs === undefined || quota === undefined
      ? {}
      : { quotaUs: quota < 0 ? ('max' as const) : quota }),
    ...(asked.periodUs === undefined || period === undefined ? {} : { periodUs: period }),
    ...(asked.burstUs === undefined || burst === undefined ? {} : { burstUs: burst }),
    ...(typeof asked.weight !== 'number' || shares === undefined
      ? {}
      : { weight: weightOf(shares) }),
    ...(asked.set === undefined || set === undefined ? {} : { set }),
    ...(asked.mems === undefined || mems === undefined ? {} : { mems }),
  }
}

const RATES = [
  ['readBps', 'read_bps'],
  ['writeBps', 'write_bps'],
  ['readIops', 'read_iops'],
  ['writeIops', 'write_iops'],
] as const

function io(group: Group, asked: ParsedIo, host: SettingHost): ParsedIo {
  const devices = asked.devices?.map((device, index) => {
    const disk = host.disk(device.device, `limits.io.devices[${index}].device`)
    const found = RATES.flatMap(([name, file]): [string, number | 'max'][] => {
      if (device[name] === undefined) return []
      const lines = read(group, 'blkio', `blkio.throttle.${file}_device`) ?? ''
      const line = lines.split('\n').find((text) => text.startsWith(`${disk} `))
      return [[name, parseSingle(line?.slice(disk.length)) ?? 'max']]
    })
    return { ...device, ...Object.fromEntries(found) }
  })
  return { ...asked, ...(devices === undefined ? {} : { devices }) }
}

/** What the kernel really has, of what was asked for: rounded to pages, and with what follows from it. */
export function effectiveLimits(
  group: Group,
  asked: ParsedLimits,
  host: SettingHost,
): ParsedLimits {
  const pids = asked.pids === undefined ? undefined : read(group, 'pids', 'pids.max')
  const hugetlb = Object.keys(asked.hugetlb ?? {}).map((size): [string, number | 'max'] => [
    size,
    bytes(group, 'hugetlb', `hugetlb.${size}.limit_in_bytes`) ?? 'max',
  ])
  return Object.freeze({
    ...asked,
    ...(asked.memory === undefined ? {} : { memory: memory(group, asked.memory) }),
    ...(asked.cpu === undefined ? {} : { cpu: cpu(group, asked.cpu) }),
    ...(pids === undefined ? {} : { pids: parseSingle(pids) ?? ('max' as const) }),
    ...(asked.io === undefined ? {} : { io: io(group, asked.io, host) }),
    ...(hugetlb.length === 0 ? {} : { hugetlb: Object.fromEntries(hugetlb) }),
  })
}
