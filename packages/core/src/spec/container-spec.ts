import type { IsolationSpec } from './isolation-spec.js'
import type { ParsedLimits } from './parsed-limits.js'

/** A mount of the caller's, parsed. */
export type MountSpec =
  | {
      readonly kind: 'bind'
      readonly from: string
      readonly to: string
      readonly readonly: boolean
      readonly exec: boolean
      readonly symlinks: boolean
      readonly owner: 'container' | 'source'
    }
  | {
      readonly kind: 'tmpfs'
      readonly to: string
      readonly sizeBytes: number
      readonly exec: boolean
    }

/** A profile in Docker's JSON format, as data that core does not read. */
export interface SeccompProfileSpec {
  readonly profile: Readonly<Record<string, unknown>>
  readonly architectures: 'native' | 'profile'
}

/** The filter of system calls: one by name, a profile that the isolation driver compiles, or a program (struct sock_filter[]). */
export type SeccompSpec =
  'default' | 'strict' | 'unconfined' | SeccompProfileSpec | { readonly bpf: Uint8Array }

/** A container as the caller wants it: parsed, complete, frozen. */
export interface ContainerSpec {
  /**
   * Stands for everything that steps of template and container depend on, and capabilities, seccomp and privileges.
   * Not in it: id, name, labels, limits, and what a command brings along (cwd, env, user, groups). A host name is in it
   * only where the caller gave one.
   */
  readonly key: string
  readonly name: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** e.g. `dir:/srv/root`. */
  readonly from: string
  readonly readonlyRoot: boolean
  /** Paths of the root that take no writes; absent: none. */
  readonly readonlyPaths?: readonly string[]
  readonly hostname: string
  /** Who is pid 1. Always `reaper` in a container that stays. Only the driver's own steps depend on it, not `key`. */
  readonly init: 'reaper' | 'command'
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly groups: readonly string[]
  readonly mounts: readonly MountSpec[]
  readonly network: 'none' | 'host'
  /** Names without CAP_, e.g. `CHOWN`; undefined: the isolation driver's default. */
  readonly capabilities: readonly string[] | undefined
  readonly seccomp: SeccompSpec
  readonly allowNewPrivileges: boolean
  readonly isolation: IsolationSpec
  /** Writes go to a directory on disk; absent: to memory. */
  readonly upperOn?: 'disk'
  /** Size and inode limit of the writable layer in memory. */
  readonly upperBytes: number
  readonly upperInodes: number
  readonly limits: ParsedLimits
}
