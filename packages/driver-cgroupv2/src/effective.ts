import type { ParsedCpu, ParsedIo, ParsedLimits, ParsedMemory } from '@caisson/core'
import { resolveBlockDevice } from '@caisson/core'
import { parseSingle } from '@caisson/cgroup-kit'
import type { Group } from './group.js'

function number(group: Group, file: string): number | 'max' | undefined {
  const text = group.read(file)?.trim()
  if (text === undefined) return undefined
  return text === 'max' ? 'max' : parseSingle(text)
}

/** The value of a key in a line that starts with a name: `8:0 rbps=max wbps=5242880`. */
function keyed(text: string | undefined, name: string, key: string): number | 'max' | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `))
  const word = line
    ?.split(' ')
    .find((each) => each.startsWith(`${key}=`))
    ?.slice(key.length + 1)
  return word === 'max' ? 'max' : parseSingle(word)
}

function known<T extends object>(values: T): Partial<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries that are left are those of T
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}

function memory(group: Group, asked: ParsedMemory): ParsedMemory {
  const numbers = (['max', 'high', 'low', 'min'] as const).map((name) => [
    name,
    asked[name] === undefined ? undefined : number(group, `memory.${name}`),
  ])
  const swap = asked.swap === undefined ? undefined : number(group, 'memory.swap.max')
  const oom = asked.oomGroup === undefined ? undefined : number(group, 'memory.oom.group')
  return {
    ...asked,
    ...known(Object.fromEntries(numbers)),
    ...(swap === undefined ? {} : { swap }),
    ...(oom === undefined ? {} : { oomGroup: oom === 1 }),
  }
}

function cpu(group: Group, asked: ParsedCpu): ParsedCpu {
  const [quota, period] = (group.read('cpu.max') ?? '').trim().split(' ')
  const burst = number(group, 'cpu.max.burst')
  const weight = number(group, 'cpu.weight')
  const set = group.read('cpuset.cpus')?.trim()
  const mems = group.read('cpuset.mems')?.trim()
  const periodUs = parseSingle(period)
  return {
    ...asked,
    ...(asked.quotaUs === undefined || periodUs === undefined
      ? {}
      : { quotaUs: quota === 'max' ? ('max' as const) : (parseSingle(quota) ?? 'max'), periodUs }),
    ...(asked.burstUs === undefined || typeof burst !== 'number' ? {} : { burstUs: burst }),
    ...(typeof asked.weight !== 'number' || typeof weight !== 'number' ? {} : { weight }),
    ...(asked.set === undefined || set === undefined ? {} : { set }),
    ...(asked.mems === undefined || mems === undefined ? {} : { mems }),
  }
}

const RATES = { readBps: 'rbps', writeBps: 'wbps', readIops: 'riops', writeIops: 'wiops' } as const

function io(group: Group, asked: ParsedIo): ParsedIo {
  const text = group.read('io.max')
  const devices = asked.devices?.map((device, index) => {
    const disk = resolveBlockDevice(device.device, `limits.io.devices[${index}].device`)
    // a disk without a line has no limit
    const found = Object.entries(RATES)
      .filter(([name]) => Reflect.get(device, name) !== undefined)
      .map(([name, key]) => [name, keyed(text, disk, key) ?? 'max'])
    return { ...device, ...Object.fromEntries(found) }
  })
  return { ...asked, ...(devices === undefined ? {} : { devices }) }
}

/** What the kernel really has, of what was asked for: rounded to pages, and with what follows from it. */
export function effectiveLimits(group: Group, asked: ParsedLimits): ParsedLimits {
  const pids = asked.pids === undefined ? undefined : number(group, 'pids.max')
  const hugetlb = Object.keys(asked.hugetlb ?? {}).map((size): [string, number | 'max'] => [
    size,
    number(group, `hugetlb.${size}.max`) ?? 'max',
  ])
  const unified = Object.keys(asked.unified ?? {}).map((file): [string, string] => [
    file,
    group.read(file)?.trim() ?? '',
  ])
  return Object.freeze({
    ...asked,
    ...(asked.memory === undefined ? {} : { memory: memory(group, asked.memory) }),
    ...(asked.cpu === undefined ? {} : { cpu: cpu(group, asked.cpu) }),
    ...(pids === undefined ? {} : { pids }),
    ...(asked.io === undefined ? {} : { io: io(group, asked.io) }),
    ...(hugetlb.length === 0 ? {} : { hugetlb: Object.fromEntries(hugetlb) }),
    ...(unified.length === 0 ? {} : { unified: Object.fromEntries(unified) }),
  })
}
