import { KeptFile, parseFlatKeyed, parseSingle } from '@caisson/cgroup-kit'
import type { Group } from './group.js'
import type { Controller } from './trees.js'

const FILES = {
  cpu: ['cpuacct', 'cpuacct.usage'],
  peak: ['memory', 'memory.max_usage_in_bytes'],
  oom: ['memory', 'memory.oom_control'],
  peakPids: ['pids', 'pids.peak'],
  refused: ['pids', 'pids.events'],
  limit: ['memory', 'memory.limit_in_bytes'],
  failed: ['memory', 'memory.failcnt'],
  bothPeak: ['memory', 'memory.memsw.max_usage_in_bytes'],
  bothLimit: ['memory', 'memory.memsw.limit_in_bytes'],
  bothFailed: ['memory', 'memory.memsw.failcnt'],
} as const satisfies Readonly<Record<string, readonly [Controller, string]>>

type FileName = keyof typeof FILES

/** What is read of every command; the others where it matters. */
const USUAL: readonly FileName[] = ['cpu', 'peak', 'oom', 'peakPids', 'refused']

/** The kernel charges in batches of 64 pages a CPU: a group at its limit may have that much less on its mark. */
const BATCH = 4 << 20

/** What the kernel counted of one group, read from descriptors that stay open. */
export class Counters {
  readonly #group: Group
  readonly #files = new Map<FileName, KeptFile | undefined>()

  constructor(group: Group) {
    this.#group = group
  }

  /** Opens what is read of every command, so that its end does not wait for it. */
  open(): this {
    for (const name of USUAL) this.#file(name)
    return this
  }

  #file(name: FileName): KeptFile | undefined {
    if (!this.#files.has(name)) {
      const [controller, file] = FILES[name]
      const path = this.#group.file(controller, file)
      this.#files.set(name, path === undefined ? undefined : KeptFile.open(path))
    }
    return this.#files.get(name)
  }

  #number(name: FileName): number | undefined {
    return parseSingle(this.#file(name)?.read())
  }

  #keyed(name: FileName, key: string): number | undefined {
    const text = this.#file(name)?.read()
    return text === undefined ? undefined : parseFlatKeyed(text).get(key)
  }

  /** CPU time of the group and those below it, in nanoseconds, since it was made. */
  get cpuNs(): number | undefined {
    return this.#number('cpu')
  }

  /** Greatest memory use of the group and those below it, in bytes: the kernel's own mark. */
  get peakMemory(): number | undefined {
    return this.#number('peak')
  }

  /** Processes of this very group that were killed for want of memory, whosever limit it was: v1 counts them where they were. */
  get oomKills(): number | undefined {
    return this.#keyed('oom', 'oom_kill')
  }

  /** Greatest number of processes and threads (since Linux 6.5). */
  get peakPids(): number | undefined {
    return this.#number('peakPids')
  }

  /** How often one of this very group was not allowed another. */
  get refused(): number | undefined {
    return this.#keyed('refused', 'max')
  }

  /** Whether the group has been at its own memory limit. */
  get metMemoryLimit(): boolean {
    const pairs = [
      ['limit', 'peak', 'failed'],
      ['bothLimit', 'bothPeak', 'bothFailed'],
    ] as const
    return pairs.some(([limit, peak, failed]) => {
      // some kernels leave the count of failures at 0
      if ((this.#number(failed) ?? 0) > 0) return true
      const most = this.#number(limit)
      const seen = this.#number(peak)
      return most !== undefined && seen !== undefined && seen > most - BATCH
    })
  }

  /** Idempotent. */
  close(): void {
    for (const file of this.#files.values()) file?.close()
    this.#files.clear()
  }
}
