import type { Bytes } from '../values/bytes.js'
import type { Duration } from '../values/duration.js'
import type { LimitKey, LimitOptions } from './limits.js'
import type { Mount } from './mount.js'

/** Where, and how much, a container may write into its copy-on-write root. */
export interface WritableLayer {
  /**
   * `memory` (default): a private tmpfs. `disk`: a directory of the layer store, without a limit on its size; a snapshot of
   * a stopped container then copies nothing. ERR_UNSUPPORTED without a store or a driver with the feature `snapshots`, or
   * together with `size`, `inodes` or `limits.disk`.
   */
  readonly on?: 'memory' | 'disk'
  /** Default 256MiB: enough to compile and test, and not enough to starve a small host. */
  readonly size?: Bytes
  /** Files, directories, links. Default: one for each 4 KiB of `size`, i.e. every file may fill a page. */
  readonly inodes?: number
}

/**
 * A container to be made. Everything is optional. Unknown fields are errors (ERR_INVALID_SPEC).
 * @typeParam L limits that the engine's drivers enforce
 */
export interface Spec<L extends LimitKey = LimitKey> {
  /** Letters, digits, `_`, `+`, `.`, `-`; at most 128. For people; default none. */
  readonly name?: string
  /** For the caller's own use. */
  readonly labels?: Readonly<Record<string, string>>
  /** `scheme:reference` of the root, e.g. `dir:/srv/root`, or a snapshot. Default: the engine's. */
  readonly from?: string | { readonly from: string }
  /** Refuses writes to the root (EROFS). Default false: writes go to a layer that is thrown away. */
  readonly readonlyRoot?: boolean
  readonly writable?: WritableLayer
  /** Absolute path in the container. Default `/`. */
  readonly cwd?: string
  /** Added to PATH and HOME; nothing of the host's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>
  /** `uid`, `name`, `uid:gid` or `name:group`; names are looked up in the container. Default 0, who is nobody outside. */
  readonly user?: string | number
  /** Supplementary groups, ids or names. Default none. */
  readonly groups?: readonly (string | number)[]
  /** Default: the first 12 characters of the id. */
  readonly hostname?: string
  readonly mounts?: readonly Mount[]
  /** ERR_UNSUPPORTED for a limit that no driver enforces. */
  readonly limits?: LimitOptions<L>
  /** Wall time for each command; default none. */
  readonly timeout?: Duration
  /** Gives up the creation; later, stops the container (reason `aborted`). */
  readonly signal?: AbortSignal
  /** `none` (default): an own network with nothing but a loopback; `host`: the host's, with all that listens there. */
  readonly network?: 'none' | 'host'
  /** Capabilities kept, e.g. `['NET_BIND_SERVICE']`; default: the isolation driver's. ERR_CAPABILITY_UNKNOWN. */
  readonly capabilities?: readonly string[]
  /**
   * Filter of system calls. By name: `default`, the driver's; `strict`, the same without debugging, personalities and all
   * sockets but UNIX, IPv4, IPv6 and routing netlink, whatever the capabilities; `unconfined`, none. Or a profile in Docker's
   * JSON format, which the driver compiles for this machine and the container's capabilities (ERR_SECCOMP_PROFILE names the
   * field that cannot be meant). `architectures: 'profile'` lets programs call by the other conventions that the profile
   * lists, too; by default (`native`) those kill the process. Or a ready-made program (struct sock_filter[]).
   */
  readonly seccomp?:
    | 'default'
    | 'strict'
    | 'unconfined'
    | { readonly profile: object; readonly architectures?: 'native' | 'profile' }
    | { readonly bpf: Uint8Array }
  /** Lets set-user-ID programs gain privileges inside. Default false. */
  readonly allowNewPrivileges?: boolean
}
