/**
 * What holds a command apart from the host. Each is there only if the steps that make it were carried out: a command that
 * ran has them.
 * - `user-namespace`: its ids are not the host's powers; `id-block`: nor anybody's on the host; `single-id`: and it has one
 * - `pivot-root`, `chroot`: its root is all it sees of files
 * - `pid-namespace`, `ipc-namespace`, `uts-namespace`, `cgroup-namespace`: those of the host are out of sight
 * - `network-none`: a network with nothing but a loopback
 * - `copy-on-write`, `readonly-root`: its root cannot be changed; `readonly-paths`: those that the spec names take no writes
 * - `no-new-privileges`: no exec adds a power; `capabilities`: reduced to those of the driver's default or fewer
 * - `seccomp`: system calls are filtered
 * - `landlock`: files by place
 * - `masked-paths`: what /proc and /sys tell of the machine is hidden; `pids-only-proc`, `no-sys`: is not there
 * - `own-devices`: /dev is ours
 * - `keyring`: a session keyring of its own
 * - `rlimits`: descriptors, core dumps and locked memory have limits
 * - `oom-score`: the kernel kills it before its maker
 */
export const protections = Object.freeze([
  'user-namespace',
  'id-block',
  'single-id',
  'pivot-root',
  'chroot',
  'pid-namespace',
  'ipc-namespace',
  'uts-namespace',
  'cgroup-namespace',
  'network-none',
  'copy-on-write',
  'readonly-root',
  'readonly-paths',
  'no-new-privileges',
  'capabilities',
  'seccomp',
  'landlock',
  'masked-paths',
  'pids-only-proc',
  'no-sys',
  'own-devices',
  'keyring',
  'rlimits',
  'oom-score',
] as const)

/** What held a command apart from the host: one name for each kind of step that was carried out. */
export type Protection = (typeof protections)[number]
