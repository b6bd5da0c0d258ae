import type { ContainerStep, TemplateStep } from '@caisson/core'
import { inert, MountAttribute } from './mount-attributes.js'
import type { PlanInput } from './plan-input.js'

const devices: readonly (readonly [name: string, major: number, minor: number])[] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
]

const links: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
]

/** What `devices: 'minimal'` leaves out: terminals. Links to descriptors are no devices. */
const terminalNames: readonly string[] = ['tty', 'ptmx']

/** Group of terminals on every distribution; programs like `wall` and `mesg` count on it. */
const TTY_GROUP = 5
const SHM_BYTES = 64 << 20

/**
 * Template: /dev as a tree of ours, never the root's. Devices are the host's own, opened by descriptor and checked. All
 * containers of a template share it, so it is read-only: devices can be written all the same, names cannot.
 */
export function deviceTemplateSteps({ identity, spec }: PlanInput): readonly TemplateStep[] {
  const minimal = spec.isolation.devices === 'minimal'
  const here = ([name]: readonly [name: string, ...rest: unknown[]]) =>
    !minimal || !terminalNames.includes(name)
  const shm = spec.mounts.some(({ to }) => to === '/dev/shm') ? ['shm'] : []
  const owner = { uid: identity.rootUid, gid: identity.rootGid }
  return [
    {
      op: 'mount',
      type: 'tmpfs',
      at: 'dev',
      options: ['mode=0755', 'size=64k', 'nr_inodes=64', `uid=${owner.uid}`, `gid=${owner.gid}`],
      attrs: MountAttribute.nosuid | MountAttribute.noexec,
    },
    ...devices.filter(here).map(([name, major, minor]) => ({
      op: 'device' as const,
      source: `/dev/${name}`,
      at: `dev/${name}`,
      major,
      minor,
    })),
    ...links
      .filter(here)
      .map(([name, target]) => ({ op: 'symlink' as const, target, path: `dev/${name}` })),
    ...(minimal ? shm : ['pts', 'shm', 'mqueue']).map((name) => ({
      op: 'mkdir' as const,
      path: `dev/${name}`,
      mode: 0o755,
      ...owner,
    })),
    { op: 'readonly', path: 'dev', required: 1 },
  ]
}

/** Container: puts the tree in place; terminals, shared memory and message queues are each container's own. */
export function deviceSteps({ identity, spec }: PlanInput): readonly ContainerStep[] {
  const { rootUid, rootGid, idCount } = identity
  const tree: ContainerStep = { op: 'move', from: 'dev', at: '/dev' }
  if (spec.isolation.devices === 'minimal') return [tree]
  const steps: ContainerStep[] = [
    tree,
    {
      op: 'mount',
      type: 'devpts',
      at: '/dev/pts',
      options: [
        'newinstance',
        'ptmxmode=0666',
        'mode=0620',
        ...(idCount > TTY_GROUP ? [`gid=${rootGid + TTY_GROUP}`] : []),
      ],
      attrs: MountAttribute.nosuid | MountAttribute.noexec,
    },
    { op: 'mount', type: 'mqueue', at: '/dev/mqueue', options: [], attrs: inert },
  ]
  if (spec.mounts.some((mount) => mount.to === '/dev/shm')) return steps
  const options = [
    `size=${SHM_BYTES}`,
    'nr_inodes=16384',
    'mode=1777',
    `uid=${rootUid}`,
    `gid=${rootGid}`,
  ]
  return [...steps, { op: 'mount', type: 'tmpfs', at: '/dev/shm', options, attrs: inert }]
}
