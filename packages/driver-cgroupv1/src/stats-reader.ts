import { CaissonError, type ContainerStats, type IoStats } from '@caisson/core'
import { KeptFile, parseFlatKeyed, parsePressure, parseSingle } from '@caisson/cgroup-kit'
import { join } from 'node:path'
import { DRIVER } from './driver-name.js'
import type { Group } from './group.js'
import type { Controller } from './trees.js'

/** Without what has no value: absent is not 0. */
function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries that are left are those of T
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

type Keyed = ReadonlyMap<string, number>
const nothing: Keyed = new Map()

const FILES = {
  usage: ['cpuacct', 'cpuacct.usage'],
  user: ['cpuacct', 'cpuacct.usage_user'],
  bandwidth: ['cpu', 'cpu.stat'],
  memory: ['memory', 'memory.usage_in_bytes'],
  peak: ['memory', 'memory.max_usage_in_bytes'],
  memoryStat: ['memory', 'memory.stat'],
  kernel: ['memory', 'memory.kmem.usage_in_bytes'],
  bytes: ['blkio', 'blkio.throttle.io_service_bytes_recursive'],
  operations: ['blkio', 'blkio.throttle.io_serviced_recursive'],
  pids: ['pids', 'pids.current'],
  pidsPeak: ['pids', 'pids.peak'],
} as const satisfies Readonly<Record<string, readonly [Controller, string]>>

type FileName = keyof typeof FILES
const PRESSURES = ['cpu', 'memory', 'io'] as const

function ioStats(bytes: string | undefined, operations: string | undefined): IoStats[] | undefined {
  if (bytes === undefined) return undefined
  const devices = new Map<string, { device: string } & Record<string, string | number>>()
  const take = (text: string, names: Readonly<Record<string, string>>): void => {
    for (const line of text.split('\n')) {
      const [device = '', kind = '', value] = line.split(' ')
      const name = Object.hasOwn(names, kind) ? names[kind] : undefined
      if (name === undefined || value === undefined) continue
      const entry = devices.get(device) ?? { device }
      entry[name] = Number(value)
      devices.set(device, entry)
    }
  }
  take(bytes, { Read: 'readBytes', Write: 'writeBytes' })
  take(operations ?? '', { Read: 'reads', Write: 'writes' })
  return [...devices.values()]
}

/** Reads how one container stands, from descriptors that stay open. */
export class StatsReader {
  readonly #files = new Map<FileName, KeptFile>()
  readonly #pressures = new Map<(typeof PRESSURES)[number], KeptFile>()
  readonly #name: string
  readonly #counted: () => { readonly oomKills: number; readonly refused: number | undefined }

  /**
   * @param unified its directory in the cgroup2 tree, where the kernel tells pressure
   * @param counted what of its commands was counted besides
   */
  constructor(
    group: Group,
    unified: string | undefined,
    counted: () => { readonly oomKills: number; readonly refused: number | undefined },
  ) {
    this.#name = group.name
    this.#counted = counted
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
    for (const name of Object.keys(FILES) as FileName[]) {
      const [controller, file] = FILES[name]
      const path = group.file(controller, file)
      const kept = path === undefined ? undefined : KeptFile.open(path)
      if (kept !== undefined) this.#files.set(name, kept)
    }
    for (const name of PRESSURES) {
      const kept =
        unified === undefined ? undefined : KeptFile.open(join(unified, `${name}.pressure`))
      // a kernel without PSI has the file in some versions, and refuses to read it
      if (kept?.read() === undefined) kept?.close()
      else this.#pressures.set(name, kept)
    }
  }

  #text(name: FileName): string | undefined {
    return this.#files.get(name)?.read()
  }

  #number(name: FileName): number | undefined {
    return parseSingle(this.#text(name))
  }

  #keyed(name: FileName): Keyed {
    const text = this.#text(name)
    return text === undefined ? nothing : parseFlatKeyed(text)
  }

  /** @throws CaissonError ERR_CONTAINER_GONE when its groups are gone */
  read(): ContainerStats {
    const current = this.#number('memory')
    const usageNs = this.#number('usage')
    if (current === undefined && usageNs === undefined) {
      throw new CaissonError({
        code: 'ERR_CONTAINER_GONE',
        what: 'no statistics',
        subject: this.#name,
        why: 'its control groups are gone',
        driver: DRIVER,
      })
    }
    const io = ioStats(this.#text('bytes'), this.#text('operations'))
    const pressure = this.#pressure()
    return {
      timeMs: Date.now(),
      source: 'cgroup1',
      cpu: this.#cpu(usageNs),
      memory: this.#memory(current),
      ...(io === undefined ? {} : { io }),
      pids: known({
        current: this.#number('pids'),
        peak: this.#number('pidsPeak'),
        refused: this.#counted().refused,
      }),
      ...(pressure === undefined ? {} : { pressure }),
    }
  }

  #cpu(usageNs: number | undefined): ContainerStats['cpu'] {
    const bandwidth = this.#keyed('bandwidth')
    // the sum is exact, its parts are sampled: what was not seen in user mode was the kernel's
    const sampled = this.#number('user')
    const split = usageNs !== undefined && sampled !== undefined
    const userNs = split ? Math.min(usageNs, sampled) : undefined
    return known({
      usageNs,
      userNs,
      systemNs: split ? usageNs - (userNs ?? 0) : undefined,
      periods: bandwidth.get('nr_periods'),
      throttled: bandwidth.get('nr_throttled'),
      throttledNs: bandwidth.get('throttled_time'),
      bursts: bandwidth.get('nr_bursts'),
      burstNs: bandwidth.get('burst_time'),
    })
  }

  #memory(current: number | undefined): ContainerStats['memory'] {
    const stat = this.#keyed('memoryStat')
    const inactive = stat.get('total_inactive_file')
    return known({
      current,
      workingSet:
        current === undefined || inactive === undefined
          ? undefined
          : Math.max(0, current - inactive),
      peak: this.#number('peak'),
      anon: stat.get('total_rss'),
      file: stat.get('total_cache'),
      shmem: stat.get('total_shmem'),
      kernel: this.#number('kernel'),
      swap: stat.get('total_swap'),
      events: { oomKill: this.#counted().oomKills },
    })
  }

  #pressure(): ContainerStats['pressure'] | undefined {
    if (this.#pressures.size === 0) return undefined
    const entries = [...this.#pressures].map(
      ([name, file]) => [name, parsePressure(file.read())] as const,
    )
    return Object.fromEntries(entries.filter(([, pressure]) => pressure !== undefined))
  }

  /** Idempotent. */
  close(): void {
    for (const file of [...this.#files.values(), ...this.#pressures.values()]) file.close()
  }
}
