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
  if (step.op === 'namespaces') return ofNamespaces(step, identity)
  if (step.op === 'pivot') return ['pivot-root']
  if (step.op === 'chroot') return ['chroot']
  if (step.op === 'overlay') return ['copy-on-write']
  if (step.op === 'root') return ['readonly-root']
  if (step.op === 'rootAttrs') {
    return (step.attrs & MountAttribute.readonly) === 0 ? [] : ['readonly-root']
  }
  if (step.op === 'proc') return step.options.includes('subset=pid') ? ['pids-only-proc'] : []
  if (step.op === 'move') return step.at === '/dev' ? ['own-devices'] : []
  if (step.op === 'keyring') return ['keyring']
  return step.op === 'oomScore' && step.value > 0 ? ['oom-score'] : []
}

function ofProcessStep(step: ProcessStep): readonly Protection[] {
  if (step.op === 'noNewPrivileges') return ['no-new-privileges']
  if (step.op === 'bounding') return (step.keep & ~few) === 0n ? ['capabilities'] : []
  return step.op === 'seccomp' || step.op === 'landlock' ? [step.op] : []
}

/** What the steps of a container and a command come to: nothing is in it that no step makes. */
export function protectionsOf(input: ProtectionInput): readonly Protection[] {
  const { spec, identity, container, process } = input
  const sys = container.some((step) => step.op === 'move' && step.at === '/sys')
  const paths = container.some(
    (step) => step.op === 'readonly' && spec.readonlyPaths?.includes(step.path) === true,
  )
  const found = new Set<Protection>([
    ...container.flatMap((step) => ofContainerStep(step, identity)),
    ...process.flatMap(ofProcessStep),
    ...(paths ? ['readonly-paths' as const] : []),
    ...(sys ? [] : ['no-sys' as const]),
    ...(spec.isolation.unmask.length === 0 ? ['masked-paths' as const] : []),
    'rlimits',
  ])
  return Object.freeze([...found])
}
