/**
 * Where numbers come from. `cgroup2`, `cgroup1`: all that the command started, counted by the kernel as one. `rusage`: the
 * command and those of its children that were waited for. Others are limiters of third parties.
 */
export type UsageSource = 'cgroup2' | 'cgroup1' | 'rusage' | (string & {})

/** Whose memory limit was hit: the container's or command's own, or one above it, e.g. of the slice it is in. */
export type OomScope = 'self' | 'ancestor'

/** What a command used. */
export interface Usage {
  /** From its start to its end. */
  readonly wallMs: number
  /** User and system time together. */
  readonly cpuMs: number
  readonly userMs: number
  readonly systemMs: number
  /** Bytes of memory at the peak: of everything it started; with `rusage`, resident, of its largest process. */
  readonly peakMemory: number
  /** Of CPU times. */
  readonly source: UsageSource
  /** Of `peakMemory`. */
  readonly memorySource: UsageSource
  /** Whether something is missing: processes nobody waited for (`rusage`), or a peak between two samples. */
  readonly approximate: boolean
}
