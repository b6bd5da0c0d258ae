/** What a caller may declare acceptable to go without: see `Spec.allowDegraded`. */
export type Degradable = 'landlock' | 'idmap' | (string & {})

/** How a container is held, beyond mounts, capabilities and the filter: parsed, complete, frozen. */
export interface IsolationSpec {
  readonly profile: 'default' | 'strict'
  /** undefined: the isolation driver's default. */
  readonly landlock: boolean | undefined
  readonly procfs: 'full' | 'pids'
  readonly sysfs: 'readonly' | 'none'
  readonly devices: 'standard' | 'minimal'
  readonly ids: 'range' | 'single'
  /** Paths that are hidden or read-only by default and shall not be. */
  readonly unmask: readonly string[]
  /** By path below /proc/sys, e.g. `net/ipv4/ip_forward`. */
  readonly sysctls: Readonly<Record<string, string>>
  /** 0 to 1000; a container is never killed later than its maker would be. */
  readonly oomScore: number
  readonly allowDegraded: readonly Degradable[]
}

const none: readonly never[] = Object.freeze([])

/** What holds where a spec says nothing. */
export const defaultIsolation: IsolationSpec = Object.freeze({
  profile: 'default',
  landlock: undefined,
  procfs: 'full',
  sysfs: 'readonly',
  devices: 'standard',
  ids: 'range',
  unmask: none,
  sysctls: Object.freeze({}),
  oomScore: 250,
  allowDegraded: none,
})

/** What holds with `profile: 'strict'`. */
export const strictIsolation: IsolationSpec = Object.freeze({
  ...defaultIsolation,
  profile: 'strict',
  landlock: true,
  procfs: 'pids',
  sysfs: 'none',
  devices: 'minimal',
  ids: 'single',
  oomScore: 1000,
})

/** The only user of a container with `ids: 'single'`: nobody, on every Linux. */
export const singleUser = '65534:65534'
