import type {
  ContainerSpec,
  ContainerStep,
  LauncherIdentity,
  ProcessStep,
  Protection,
} from '@caisson/core'
import { capabilityBits, defaultCapabilities } from './capabilities.js'
import { MountAttribute } from './mount-attributes.js'
import { NamespaceFlag } from './namespace-steps.js'

/** What is found out about. */
export interface ProtectionInput {
  readonly spec: ContainerSpec
  readonly identity: LauncherIdentity
  readonly container: readonly ContainerStep[]
  readonly process: readonly ProcessStep[]
}

const few = capabilityBits(defaultCapabilities)

function ofNamespaces(
  step: Extract<ContainerStep, { readonly op: 'namespaces' }>,
  identity: LauncherIdentity,
): readonly Protection[] {
  const has = (flag: number) => (step.flags & flag) !== 0
  const found: (Protection | false)[] = [
    step.user !== 0 && 'user-namespace',
    step.user !== 0 && identity.mode === 'root' && 'id-block',
    step.user > 2 && 'single-id',
    has(NamespaceFlag.pid) && 'pid-namespace',
    has(NamespaceFlag.ipc) && 'ipc-namespace',
    has(NamespaceFlag.uts) && 'uts-namespace',
    has(NamespaceFlag.cgroup) && 'cgroup-namespace',
    step.network !== 0 && 'network-none',
  ]
  return found.filter((one) => one !== false)
}

function ofContainerStep(step: ContainerStep, identity: LauncherIdentity): readonly Protection[] {
  switch (step.op) {
    case 'namespaces':
      return ofNamespaces(step, identity)
    case 'pivot':
      return ['pivot-root']
    case 'chroot':
      return ['chroot']
    case 'overlay':
      return ['copy-on-write']
    case 'root':
      return ['readonly-root']
    case 'rootAttrs':
      return (step.attrs & MountAttribute.readonly) === 0 ? [] : ['readonly-root']
    case 'proc':
      return step.options.includes('subset=pid') ? ['pids-only-proc'] : []
    case 'move':
      return step.at === '/dev' ? ['own-devices'] : []
    case 'keyring':
      return ['keyring']
    case 'oomScore':
      return step.value > 0 ? ['oom-score'] : []
    default:
      return []
  }
}

function ofProcessStep(step: ProcessStep): readonly Protection[] {
  switch (step.op) {
    case 'noNewPrivileges':
      return ['no-new-privileges']
    case 'bounding':
      return (step.keep & ~few) === 0n ? ['capabilities'] : []
    case 'seccomp':
      return ['seccomp']
    case 'landlock':
      return ['landlock']
    default:
      return []
  }
}

/** What the steps of a container and a command come to: nothing is in it that no step makes. */
export function protectionsOf(input: ProtectionInput): readonly Protection[] {
  const { spec, identity, container, process } = input
  const sys = container.some((step) => step.op === 'move' && step.at === '/sys')
  const found = new Set<Protection>([
    ...container.flatMap((step) => ofContainerStep(step, identity)),
    ...process.flatMap(ofProcessStep),
    ...(sys ? [] : ['no-sys' as const]),
    ...(spec.isolation.unmask.length === 0 ? ['masked-paths' as const] : []),
    'rlimits',
  ])
  return Object.freeze([...found])
}
