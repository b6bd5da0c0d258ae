import type { Bytes } from '../values/bytes.js'
import type { Duration } from '../values/duration.js'
import type { Degradable } from './isolation-spec.js'
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
  /**
   * Paths of the root that take no writes (EROFS), with all below them, also from the container's root and from `container.fs`,
   * while the rest of it does: e.g. `['/usr', '/etc/passwd']`. Links on the way are followed inside the root. Mounts of the
   * caller's below them are what they say themselves. At most 256. Default none. Each must be there: else the start fails with
   * ERR_ROOTFS_INVALID. ERR_INVALID_SPEC for `/` (that is `readonlyRoot`), what is in /proc, /sys or /dev, and what lies in a
   * mount.
   */
  readonly readonlyPaths?: readonly string[]
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
  /**
   * `strict`: for programs of strangers. Everything closed that a plain computation does without: no capability, the user
   * nobody with that one id, the filter `strict`, Landlock, a root that takes no writes (and 64MiB at /tmp, which is HOME),
   * no programs on any other mount, of /proc only the container's processes, no /sys, a /dev of five, 64 pids, 256MiB of
   * memory, 60 s of CPU time. What is given beside it opens that one thing. Limits of it that no limiter enforces are
   * ERR_UNSUPPORTED, unless `allowDegraded` names them. Default `default`.
   */
  readonly profile?: 'default' | 'strict'
  /**
   * Landlock as a second wall: files outside of the root, /proc, /dev and the mounts cannot be opened by any path or
   * descriptor, and nothing mounted; with `readonlyRoot`, nothing written outside of tmpfs and writable mounts. Containers in
   * the container that mount do not work then. Default: on in `strict` and with `chroot()`, else off. ERR_UNSUPPORTED where
   * the kernel has none, unless `allowDegraded` names `landlock`.
   */
  readonly landlock?: boolean
  /** `pids`: /proc shows the container's processes and nothing of the machine (subset=pid). Default `full`, `strict`: `pids`. */
  readonly procfs?: 'full' | 'pids'
  /** `none`: there is no /sys. Default `readonly`, `strict`: `none`. */
  readonly sysfs?: 'readonly' | 'none'
  /** `minimal`: null zero full random urandom alone; no terminals, no shared memory. Default `standard`, `strict`: `minimal`. */
  readonly devices?: 'standard' | 'minimal'
  /** `single`: the container has one id, 65534, and is that. Default `range` (65,536 where the host has them), `strict`: `single`. */
  readonly ids?: 'range' | 'single'
  /** Paths in /proc and /sys that are hidden or read-only by default and shall not be: gives away what they show. */
  readonly unmask?: readonly string[]
  /**
   * Kernel parameters of the container's own namespaces, e.g. `{ 'net.ipv4.ip_forward': 1 }`. Those that no namespace holds
   * are the host's: ERR_INVALID_SPEC. `net` only with `network: 'none'`.
   */
  readonly sysctls?: Readonly<Record<string, string | number>>
  /** How willingly the kernel kills the container when memory is short: 0 to 1000, default 250, `strict`: 1000. */
  readonly oomScore?: number
  /**
   * What may be missing where the host cannot give it: `landlock`, `idmap` (id-mapped roots and mounts; files are nobody's
   * then), or limits that the profile asks for. It shows in `degraded`. Default: nothing, each is an error.
   */
  readonly allowDegraded?: readonly Degradable[]
}
