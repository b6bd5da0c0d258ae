import type { ContainerSpec, LauncherIdentity, ProcessStep } from '@caisson/core'
import { capabilityBits, defaultCapabilities } from './capabilities.js'
import { landlockSteps } from './landlock-steps.js'
import type { PlanHost } from './plan-host.js'
import type { PlanKind } from './plan-input.js'
import { seccompProgram } from './seccomp-program.js'

/** All that the steps of a command depend on. */
export interface ProcessInput {
  readonly kind: PlanKind
  readonly spec: ContainerSpec
  readonly identity: LauncherIdentity
  readonly host: PlanHost
  readonly user: string
  readonly groups: readonly string[]
  readonly cwd: string
}

/** By CAP_SYS_CHROOT a task climbs out of a chroot, so that kind does not grant it unasked. */
function capabilitiesOf({ spec, kind }: ProcessInput): readonly string[] {
  if (spec.capabilities !== undefined) return spec.capabilities
  if (spec.isolation.profile === 'strict') return []
  return kind === 'pivot'
    ? defaultCapabilities
    : defaultCapabilities.filter((name) => name !== 'SYS_CHROOT')
}

function seccompSteps(input: ProcessInput): readonly ProcessStep[] {
  const { seccomp, limits } = input.spec
  if (seccomp === 'unconfined') return []
  const wanted = { capabilities: capabilitiesOf(input), asksCore: limits.core !== undefined }
  const { program, flags } = seccompProgram(seccomp, input.host.arch, wanted)
  return [{ op: 'seccomp', program, flags }]
}

// The kernel gives root its capabilities back at exec, others must not even have them to lose.
function keepsCapabilities(user: string): boolean {
  const [name = ''] = user.split(':')
  return name === 'root' || /^0+$/.test(name)
}

/**
 * The steps between a command's clone and its exec, all privileges going away in an order that lets each step still be
 * done.
 * @throws TypeError ERR_CAPABILITY_UNKNOWN, ERR_SECCOMP_PROFILE; CaissonError ERR_UNSUPPORTED
 */
export function processSteps(input: ProcessInput): readonly ProcessStep[] {
  const { spec, identity, user, groups, cwd } = input
  const keep = capabilityBits(capabilitiesOf(input))
  const isRoot = keepsCapabilities(user)
  // whoever names capabilities for another user means that it shall have them; only as ambient ones do they survive exec
  const ambient = spec.capabilities !== undefined && !isRoot ? keep : 0n
  const held = isRoot ? keep : ambient
  const seccomp = seccompSteps(input)
  const become: readonly ProcessStep[] = [
    { op: 'user', user, groups, setgroups: identity.setgroups ? 1 : 0 },
    { op: 'capabilities', effective: held, permitted: held, inheritable: ambient, ambient },
  ]
  const start: readonly ProcessStep[] = [
    { op: 'session' },
    { op: 'umask', mask: 0o022 },
    { op: 'bounding', keep },
  ]
  // Without no_new_privs a filter, and Landlock too, takes CAP_SYS_ADMIN, which is gone once the user is changed.
  const enter: ProcessStep = { op: 'cwd', path: cwd }
  const landlock = landlockSteps(input)
  if (spec.allowNewPrivileges) return [...start, ...landlock, ...seccomp, ...become, enter]
  return [...start, ...become, { op: 'noNewPrivileges' }, enter, ...landlock, ...seccomp]
}
