/** What a command used. */
export interface Usage {
  /** From its start to its end. */
  readonly wallMs: number
  /** User and system time together. */
  readonly cpuMs: number
  readonly userMs: number
  readonly systemMs: number
  /** Bytes of resident memory at the peak, of its largest process. */
  readonly peakMemory: number
  /** Where the numbers come from. `rusage`: the command and those of its children that were waited for. */
  readonly source: 'rusage'
}
