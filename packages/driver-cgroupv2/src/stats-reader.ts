import { CaissonError, type ContainerStats, type IoStats } from '@caisson/core'
import { parseFlatKeyed, parsePressure, parseSingle } from '@caisson/cgroup-kit'
import { DRIVER } from './driver-name.js'
import type { Group } from './group.js'

/** Without what has no value: absent is not 0. */
function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries that are left are those of T
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

const nothing: ReadonlyMap<string, number> = new Map()

function keyed(group: Group, file: string): ReadonlyMap<string, number> {
  const text = group.look(file)
  return text === undefined ? nothing : parseFlatKeyed(text)
}

const times = (us: number | undefined): number | undefined =>
  us === undefined ? undefined : us * 1000

function cpu(group: Group): ContainerStats['cpu'] {
  const stat = keyed(group, 'cpu.stat')
  return known({
    usageNs: times(stat.get('usage_usec')),
    userNs: times(stat.get('user_usec')),
    systemNs: times(stat.get('system_usec')),
    periods: stat.get('nr_periods'),
    throttled: stat.get('nr_throttled'),
    throttledNs: times(stat.get('throttled_usec')),
    bursts: stat.get('nr_bursts'),
    burstNs: times(stat.get('burst_usec')),
  })
}

function memory(group: Group): ContainerStats['memory'] {
  const current = group.number('memory.current')
  const stat = keyed(group, 'memory.stat')
  const events = keyed(group, 'memory.events')
  const inactive = stat.get('inactive_file')
  return known({
    current,
    workingSet:
      current === undefined || inactive === undefined ? undefined : Math.max(0, current - inactive),
    peak: group.number('memory.peak'),
    anon: stat.get('anon'),
    file: stat.get('file'),
    shmem: stat.get('shmem'),
    kernel: stat.get('kernel'),
    swap: group.number('memory.swap.current'),
    events:
      events.size === 0
        ? undefined
        : known({
            low: events.get('low'),
            high: events.get('high'),
            max: events.get('max'),
            oom: events.get('oom'),
            oomKill: events.get('oom_kill'),
            oomGroupKill: events.get('oom_group_kill'),
          }),
  })
}

const NAMES: Readonly<Record<string, keyof IoStats>> = {
  rbytes: 'readBytes',
  wbytes: 'writeBytes',
  rios: 'reads',
  wios: 'writes',
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0` */
function ioLine(line: string): IoStats[] {
  const [device = '', ...words] = line.split(' ')
  const counts = words.flatMap((word): [string, number][] => {
    const [key = '', value] = word.split('=')
    const name = Object.hasOwn(NAMES, key) ? NAMES[key] : undefined
    const count = parseSingle(value)
    return name === undefined || count === undefined ? [] : [[name, count]]
  })
  return device === '' || counts.length === 0 ? [] : [{ device, ...Object.fromEntries(counts) }]
}

function pressure(group: Group): ContainerStats['pressure'] | undefined {
  const found = (['cpu', 'memory', 'io'] as const).flatMap((name) => {
    const told = parsePressure(group.look(`${name}.pressure`))
    return told === undefined ? [] : [[name, told] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/**
 * How a group stands, from descriptors that stay open.
 * @param refused processes that were refused, wherever the kernel counts them
 * @throws CaissonError ERR_CONTAINER_GONE when it is gone
 */
export function readStats(group: Group, refused: number | undefined): ContainerStats {
  if (group.look('cgroup.procs') === undefined && group.look('cpu.stat') === undefined) {
    throw new CaissonError({
      code: 'ERR_CONTAINER_GONE',
      what: 'no statistics',
      subject: group.directory,
      why: 'its control group is gone',
      driver: DRIVER,
    })
  }
  const io = group.look('io.stat')
  const told = pressure(group)
  return {
    timeMs: Date.now(),
    source: 'cgroup2',
    cpu: cpu(group),
    memory: memory(group),
    ...(io === undefined ? {} : { io: io.split('\n').flatMap(ioLine) }),
    pids: known({
      current: group.number('pids.current'),
      peak: group.number('pids.peak'),
      refused,
    }),
    ...(told === undefined ? {} : { pressure: told }),
  }
}
