import type { ReadHostFile } from './host-facts.js'

/** A layer of isolation, and whether this host gives it. */
export interface HostLayer {
  readonly name:
    | 'kernel'
    | 'namespaces'
    | 'fresh-procfs'
    | 'idmapped-mounts'
    | 'seccomp'
    | 'landlock'
    | 'sealed-launcher'
    | 'file-server-filter'
  /** `unknown`: nothing that can be read says so; a start will. */
  readonly state: 'given' | 'missing' | 'unknown'
  /** What is there, or what its absence means. */
  readonly what: string
  /** How to get it; there when it is missing. */
  readonly fix?: string
}

type Found = Omit<HostLayer, 'name'>

const given = (what: string): Found => ({ state: 'given', what })
const missing = (what: string, fix: string): Found => ({ state: 'missing', what, fix })
const unknown = (what: string): Found => ({ state: 'unknown', what })

/** `6.8.0-45-generic` as 6.008, so that versions compare as numbers. */
function versionOf(release: string): number {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return Number(major) + Number(minor) / 1000
}

function kernel(release: string): Found {
  return versionOf(release) >= 5.012
    ? given(`Linux ${release} has the mount and process calls that the launcher needs`)
    : missing(
        `Linux ${release} lacks mount_setattr(2), which mounts with limits need`,
        'use a kernel of 5.12 or later',
      )
}

function namespaces(read: ReadHostFile): Found {
  const none = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'].filter(
    (kind) => read(`/proc/sys/user/max_${kind}_namespaces`)?.trim() === '0',
  )
  if (none.length === 0) return given('no kind of namespace is switched off')
  const settings = none.map((kind) => `user.max_${kind}_namespaces=15000`)
  return missing(
    `these namespaces are switched off: ${none.join(' ')}`,
    `as root: sysctl -w ${settings.join(' ')}`,
  )
}

/** Mount points and types of /proc/self/mountinfo. */
function mountsOf(read: ReadHostFile): readonly { readonly at: string; readonly type: string }[] {
  return (read('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [fields = '', end = ''] = line.split(' - ')
    const at = fields.split(' ')[4]
    const type = end.split(' ')[0]
    return at === undefined || type === undefined ? [] : [{ at, type }]
  })
}

function freshProcfs(read: ReadHostFile): Found {
  // what systemd mounts there hides nothing
  const over = mountsOf(read).filter(
    ({ at, type }) => at.startsWith('/proc/') && type !== 'autofs' && type !== 'binfmt_misc',
  )
  if (over.length === 0) return given('/proc is whole, so that user namespaces may have one')
  return missing(
    `parts of /proc are hidden (${over[0]?.at} and ${over.length - 1} more): this process is in a container, and the kernel ` +
      'lets no user namespace mount a /proc that shows more',
    'run that container with its /proc unmasked: docker run --security-opt systempaths=unconfined, podman run ' +
      '--security-opt unmask=ALL; or run as root of the host',
  )
}

const withoutIdMaps = new Set(['overlay', 'nfs', 'nfs4', 'cifs', 'smb3', '9p', 'fuse', 'ramfs'])

function idmappedMounts(read: ReadHostFile, release: string): Found {
  if (versionOf(release) < 5.012) {
    return missing(`Linux ${release} has no id-mapped mounts`, 'use a kernel of 5.12 or later')
  }
  const root = mountsOf(read).findLast(({ at }) => at === '/')
  if (root === undefined) return unknown('the mounts of this process cannot be read')
  if (!withoutIdMaps.has(root.type)) return given(`the kernel has them; / is ${root.type}`)
  return missing(
    `/ is ${root.type}, which takes no id map: as root, roots and mounts from there are ERR_MOUNT_SOURCE`,
    'keep them on ext4, xfs, btrfs or tmpfs (in a container: a volume); or accept it by allowDegraded: ["idmap"]',
  )
}

function seccomp(read: ReadHostFile): Found {
  const actions = read('/proc/sys/kernel/seccomp/actions_avail')
  if (actions === undefined) {
    return missing('the kernel has no filters', 'use a kernel with CONFIG_SECCOMP_FILTER=y')
  }
  return given(`actions: ${actions.trim()}`)
}

function landlock(read: ReadHostFile): Found {
  const modules = read('/sys/kernel/security/lsm')
  if (modules === undefined)
    return unknown('securityfs cannot be read; the drivers say what the launcher found')
  const active = modules.trim().split(',')
  if (active.includes('landlock')) return given(`security modules: ${active.join(', ')}`)
  return missing(
    `the active security modules are ${active.join(', ')}: \`strict\` and chroot() refuse to start containers`,
    `boot with lsm=landlock,${active.join(',')} (kernel 5.13 or later with CONFIG_SECURITY_LANDLOCK=y); or accept it by ` +
      'allowDegraded: ["landlock"]',
  )
}

function sealedLauncher(read: ReadHostFile): Found {
  return read('/proc/sys/vm/memfd_noexec')?.trim() === '2'
    ? missing(
        'vm.memfd_noexec is 2: nothing in memory may be executed, and the launcher runs from a sealed copy in memory',
        'as root: sysctl -w vm.memfd_noexec=1',
      )
    : given('the launcher may run from a sealed copy of itself')
}

/** Those of which file-guard.c of the launcher knows the numbers of system calls. */
const GUARDED: ReadonlySet<string> = new Set(['x64', 'arm64', 'riscv64'])

function fileServerFilter(arch: string): Found {
  return GUARDED.has(arch)
    ? given('what serves files of containers has the system calls of files alone')
    : missing(
        `there is no filter for ${arch}: what serves files of containers has all system calls of its user there, without a ` +
          'capability that its work does not need',
        `use a processor of ${[...GUARDED].join(', ')}`,
      )
}

/**
 * Layer by layer, what this host gives and how to get the rest. Reads alone; never throws.
 * @param arch as `process.arch`, the default
 */
export function hostLayers(
  read: ReadHostFile,
  release: string,
  arch: string = process.arch,
): readonly HostLayer[] {
  const all: readonly (readonly [HostLayer['name'], Found])[] = [
    ['kernel', kernel(release)],
    ['namespaces', namespaces(read)],
    ['fresh-procfs', freshProcfs(read)],
    ['idmapped-mounts', idmappedMounts(read, release)],
    ['seccomp', seccomp(read)],
    ['landlock', landlock(read)],
    ['sealed-launcher', sealedLauncher(read)],
    ['file-server-filter', fileServerFilter(arch)],
  ]
  return Object.freeze(all.map(([name, found]) => Object.freeze({ name, ...found })))
}
