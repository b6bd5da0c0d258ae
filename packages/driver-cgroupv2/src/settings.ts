import type { ParsedCpu, ParsedIo, ParsedIoDevice, ParsedLimits, ParsedMemory } from '@caisson/core'
import { resolveBlockDevice } from '@caisson/core'
import type { Setting } from './setting.js'

function memorySettings(memory: ParsedMemory): Setting[] {
  const settings: Setting[] = []
  const set = (name: keyof ParsedMemory, file: string, value: number | string): void => {
    settings.push({ file: `memory.${file}`, value: String(value), field: `memory.${name}` })
  }
  const { max, swap, high, low, min, oomGroup } = memory
  // swap first: while memory is lowered, what is pushed out must not go where it may not stay
  if (swap !== undefined) set('swap', 'swap.max', swap)
  if (max !== undefined) set('max', 'max', max)
  if (high !== undefined) set('high', 'high', high)
  if (low !== undefined) set('low', 'low', low)
  if (min !== undefined) set('min', 'min', min)
  if (oomGroup !== undefined) set('oomGroup', 'oom.group', oomGroup ? 1 : 0)
  return settings
}

function cpuSettings(cpu: ParsedCpu): Setting[] {
  const settings: Setting[] = []
  const set = (file: string, value: string, field: string): void => {
    settings.push({ file, value, field })
  }
  const { quotaUs = 'max', periodUs, burstUs, weight, set: cpus, mems } = cpu
  // the kernel refuses a burst above the quota: none while that changes
  if (burstUs !== undefined) set('cpu.max.burst', '0', 'cpu.burst')
  if (cpu.quotaUs !== undefined || periodUs !== undefined)
    set('cpu.max', periodUs === undefined ? `${quotaUs}` : `${quotaUs} ${periodUs}`, 'cpu.max')
  if (burstUs !== undefined && quotaUs !== 'max') set('cpu.max.burst', String(burstUs), 'cpu.burst')
  if (weight === 'idle') set('cpu.idle', '1', 'cpu.weight')
  else if (weight !== undefined) set('cpu.weight', String(weight), 'cpu.weight')
  if (cpus !== undefined) set('cpuset.cpus', cpus, 'cpu.set')
  if (mems !== undefined) set('cpuset.mems', mems, 'cpu.mems')
  return settings
}

const RATES = [
  ['readBps', 'rbps'],
  ['writeBps', 'wbps'],
  ['readIops', 'riops'],
  ['writeIops', 'wiops'],
] as const

function deviceSettings(device: ParsedIoDevice, index: number): Setting[] {
  const field = `io.devices[${index}]`
  const disk = resolveBlockDevice(device.device, `limits.${field}.device`)
  const settings: Setting[] = RATES.flatMap(([name, key]) => {
    const rate = device[name]
    if (rate === undefined) return []
    return [{ file: 'io.max', value: `${disk} ${key}=${rate}`, field: `${field}.${name}` }]
  })
  if (device.latencyUs === undefined) return settings
  const value = `${disk} target=${device.latencyUs}`
  return [...settings, { file: 'io.latency', value, field: `${field}.latency` }]
}

function ioSettings({ weight, devices = [] }: ParsedIo): Setting[] {
  const settings = devices.flatMap(deviceSettings)
  if (weight === undefined) return settings
  return [...settings, { file: 'io.weight', value: `default ${weight}`, field: 'io.weight' }]
}

function otherSettings({
  hugetlb = {},
  rdma = {},
  misc = {},
  unified = {},
}: ParsedLimits): Setting[] {
  const settings: Setting[] = []
  for (const [size, bytes] of Object.entries(hugetlb))
    settings.push({ file: `hugetlb.${size}.max`, value: String(bytes), field: `hugetlb.${size}` })
  for (const [device, { handles, objects }] of Object.entries(rdma)) {
    const parts = [
      ...(handles === undefined ? [] : [`hca_handle=${handles}`]),
      ...(objects === undefined ? [] : [`hca_object=${objects}`]),
    ]
    settings.push({
      file: 'rdma.max',
      value: `${device} ${parts.join(' ')}`,
      field: `rdma.${device}`,
    })
  }
  for (const [name, count] of Object.entries(misc))
    settings.push({ file: 'misc.max', value: `${name} ${count}`, field: `misc.${name}` })
  // as they are, after all else
  for (const [file, value] of Object.entries(unified))
    settings.push({ file, value, field: `unified.${file}` })
  return settings
}

/**
 * What is written into a group for these limits, in this order.
 * @throws CaissonError ERR_LIMIT_DEVICE
 */
export function settingsOf(limits: ParsedLimits): readonly Setting[] {
  const { memory, cpu, pids, io } = limits
  return [
    ...(memory === undefined ? [] : memorySettings(memory)),
    ...(cpu === undefined ? [] : cpuSettings(cpu)),
    ...(pids === undefined ? [] : [{ file: 'pids.max', value: String(pids), field: 'pids' }]),
    ...(io === undefined ? [] : ioSettings(io)),
    ...otherSettings(limits),
  ]
}

/**
 * What follows for a new group from what was asked for: no swap beside a memory limit, or "64 MiB" would mean that and all
 * swap there is; and want of memory kills all, since half of a program is no use to anybody.
 */
export function withDefaults(limits: ParsedLimits, has: (file: string) => boolean): ParsedLimits {
  const { memory } = limits
  if (memory === undefined || typeof memory.max !== 'number') return limits
  return {
    ...limits,
    memory: {
      ...(has('memory.swap.max') ? { swap: 0 } : {}),
      ...(has('memory.oom.group') ? { oomGroup: true } : {}),
      ...memory,
    },
  }
}
