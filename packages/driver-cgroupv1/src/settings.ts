import type { ParsedCpu, ParsedIo, ParsedIoDevice, ParsedLimits, ParsedMemory } from '@caisson/core'
import { sharesOf } from './cpu-shares.js'
import { orNone, type Setting } from './setting.js'

/** What of the host decides about values. */
export interface SettingHost {
  /** Whether swap is counted: `memory.memsw.*` are there. */
  readonly swap: boolean
  /** Numbers of the disk that was named. @throws CaissonError ERR_LIMIT_DEVICE */
  disk(device: string, field: string): string
}

/** Memory and swap together, as v1 counts it: swap is 0 beside a limit unless somebody asked for more. */
function memoryAndSwap({ max, swap = 0 }: ParsedMemory): number | 'max' {
  return max === undefined || max === 'max' || swap === 'max' ? 'max' : max + swap
}

function memorySettings(memory: ParsedMemory, host: SettingHost): Setting[] {
  if (memory.max === undefined) return []
  const field = 'memory.max'
  const controller = 'memory'
  const file = 'memory.limit_in_bytes'
  const settings: Setting[] = [{ controller, file, value: orNone(memory.max), field }]
  if (host.swap) {
    // the kernel refuses a sum below the part: for a new group, whose sum has no limit yet, the part comes first
    settings.push({
      controller,
      file: 'memory.memsw.limit_in_bytes',
      value: orNone(memoryAndSwap(memory)),
      field: memory.swap === undefined ? field : 'memory.swap',
    })
  }
  return settings
}

function cpuSettings(cpu: ParsedCpu): Setting[] {
  const controller = 'cpu'
  const settings: Setting[] = []
  const set = (file: string, value: string, field: string): void => {
    settings.push({ controller, file, value, field })
  }
  // the kernel refuses a burst above the quota: none while that changes
  if (cpu.burstUs !== undefined) set('cpu.cfs_burst_us', '0', 'cpu.burst')
  if (cpu.periodUs !== undefined) set('cpu.cfs_period_us', String(cpu.periodUs), 'cpu.period')
  if (cpu.quotaUs !== undefined) set('cpu.cfs_quota_us', orNone(cpu.quotaUs), 'cpu.max')
  if (cpu.burstUs !== undefined && cpu.quotaUs !== 'max') {
    set('cpu.cfs_burst_us', String(cpu.burstUs), 'cpu.burst')
  }
  if (cpu.weight === 'idle') set('cpu.idle', '1', 'cpu.weight')
  else if (cpu.weight !== undefined) set('cpu.shares', String(sharesOf(cpu.weight)), 'cpu.weight')
  for (const [name, file] of [
    ['set', 'cpuset.cpus'],
    ['mems', 'cpuset.mems'],
  ] as const) {
    const value = cpu[name]
    if (value === undefined) continue
    settings.push({ controller: 'cpuset', file, value, field: `cpu.${name}` })
  }
  return settings
}

const RATES = [
  ['readBps', 'read_bps'],
  ['writeBps', 'write_bps'],
  ['readIops', 'read_iops'],
  ['writeIops', 'write_iops'],
] as const

function deviceSettings(device: ParsedIoDevice, index: number, host: SettingHost): Setting[] {
  const field = `io.devices[${index}]`
  const disk = host.disk(device.device, `limits.${field}.device`)
  return RATES.flatMap(([name, file]) => {
    const rate = device[name]
    if (rate === undefined) return []
    return {
      controller: 'blkio' as const,
      file: `blkio.throttle.${file}_device`,
      // 0 takes the line away
      value: `${disk} ${orNone(rate, '0')}`,
      field: `${field}.${name}`,
    }
  })
}

function ioSettings({ weight, devices = [] }: ParsedIo, host: SettingHost): Setting[] {
  const settings = devices.flatMap((device, index) => deviceSettings(device, index, host))
  if (weight === undefined) return settings
  // BFQ takes 1 to 1000, cgroup2 and we 1 to 10000
  const value = String(Math.min(Math.max(Math.round(weight / 10), 1), 1000))
  return [...settings, { controller: 'blkio', file: 'blkio.bfq.weight', value, field: 'io.weight' }]
}

/** What is written into a new group for these limits, in this order. */
export function settingsOf(limits: ParsedLimits, host: SettingHost): readonly Setting[] {
  const { memory, cpu, pids, io, hugetlb } = limits
  const settings: Setting[] = []
  if (memory !== undefined) settings.push(...memorySettings(memory, host))
  if (cpu !== undefined) settings.push(...cpuSettings(cpu))
  if (pids !== undefined) {
    const value = orNone(pids, 'max')
    settings.push({ controller: 'pids', file: 'pids.max', value, field: 'pids' })
  }
  if (io !== undefined) settings.push(...ioSettings(io, host))
  for (const [size, bytes] of Object.entries(hugetlb ?? {})) {
    settings.push({
      controller: 'hugetlb',
      file: `hugetlb.${size}.limit_in_bytes`,
      value: orNone(bytes),
      field: `hugetlb.${size}`,
    })
  }
  return settings
}
