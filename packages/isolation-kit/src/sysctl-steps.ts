import { invalidArgument, type ContainerSpec, type ContainerStep } from '@caisson/core'

/** Parameters of the IPC and UTS namespaces; /proc/sys/net belongs to the network namespace as a whole. */
const ipc = new Set(
  'auto_msgmni msg_next_id msgmax msgmnb msgmni sem sem_next_id shm_next_id shm_rmid_forced shmall shmmax shmmni'
    .split(' ')
    .map((name) => `kernel/${name}`),
)

/** In /proc/sys/net, but the machine's: the kernel does not show them to other network namespaces, or should not. */
const machineWide = /^net\/(?:core\/(?:bpf_|flow_limit|rps_)|netfilter\/nf_log)/

function refuse(path: string, why: string, fix: string): TypeError {
  const name = path.replaceAll('/', '.')
  return invalidArgument({ field: `sysctls[${JSON.stringify(name)}]`, subject: name, why, fix })
}

function check(path: string, spec: ContainerSpec): void {
  if (ipc.has(path) || path.startsWith('fs/mqueue/') || path === 'kernel/domainname') return
  if (path === 'kernel/hostname') {
    throw refuse(path, 'it is what `hostname` sets', 'Pass `hostname`.')
  }
  const own = 'Leave it out, or set it for the whole host with sysctl(8).'
  if (!path.startsWith('net/') || machineWide.test(path)) {
    throw refuse(path, 'no namespace of a container holds it: it is the host’s', own)
  }
  if (spec.network === 'host') {
    throw refuse(path, 'the network is the host’s', 'Pass network: "none", or leave it out.')
  }
}

/**
 * Container: kernel parameters of its own namespaces; before /proc is in its place, where they are read-only.
 * @throws TypeError ERR_INVALID_SPEC for one that is not of a namespace of its own
 */
export function sysctlSteps(spec: ContainerSpec): readonly ContainerStep[] {
  return Object.entries(spec.isolation.sysctls).map(([key, value]) => {
    check(key, spec)
    return { op: 'sysctl', key, value }
  })
}

/** Whether the network namespace will remember something of its own: then no other container may get it. */
export function changesNetwork({ isolation }: ContainerSpec): boolean {
  return Object.keys(isolation.sysctls).some((key) => key.startsWith('net/'))
}
