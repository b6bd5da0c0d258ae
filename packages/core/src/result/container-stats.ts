/** Stalls of one resource (pressure stall information). */
export interface PressureShare {
  /** Share of the last 10 seconds in which some, or all, tasks waited; 0 to 100. */
  readonly avg10: number
  /** Microseconds since the start. */
  readonly totalUs: number
}

/** Some tasks waited; all of them did. */
export interface Pressure {
  readonly some?: PressureShare
  readonly full?: PressureShare
}

/** What one block device did. */
export interface IoStats {
  /** e.g. `8:0`. */
  readonly device: string
  readonly readBytes?: number
  readonly writeBytes?: number
  readonly reads?: number
  readonly writes?: number
}

/** How often something happened to memory since the start. */
export interface MemoryEvents {
  readonly low?: number
  readonly high?: number
  readonly max?: number
  readonly oom?: number
  readonly oomKill?: number
  readonly oomGroupKill?: number
}

/** How a container stands. What this host does not count is absent, never 0. */
export interface ContainerStats {
  /** Milliseconds since 1970. */
  readonly timeMs: number
  /** Where it was counted, e.g. `cgroup2`. */
  readonly source: string
  readonly cpu: {
    readonly usageNs?: number
    readonly userNs?: number
    readonly systemNs?: number
    /** Periods of `cpu.max`, those in which it ran out, and the time waited for the next. */
    readonly periods?: number
    readonly throttled?: number
    readonly throttledNs?: number
    readonly bursts?: number
    readonly burstNs?: number
  }
  /** Bytes. */
  readonly memory: {
    readonly current?: number
    /** `current` without file pages that were not used for long. */
    readonly workingSet?: number
    readonly peak?: number
    readonly anon?: number
    readonly file?: number
    /** tmpfs and shared memory; part of `file`. */
    readonly shmem?: number
    readonly kernel?: number
    readonly swap?: number
    readonly events?: MemoryEvents
  }
  /** Devices that were used. Absent: not counted. */
  readonly io?: readonly IoStats[]
  readonly pids: {
    readonly current?: number
    readonly peak?: number
    /** Forks refused because of `pids`. */
    readonly refused?: number
  }
  readonly pressure?: {
    readonly cpu?: Pressure
    readonly memory?: Pressure
    readonly io?: Pressure
  }
}
