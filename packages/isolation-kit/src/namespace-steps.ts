import type { ContainerStep } from '@caisson/core'
import type { PlanInput } from './plan-input.js'

const CLONE_NEWCGROUP = 0x02000000
const CLONE_NEWUTS = 0x04000000
const CLONE_NEWIPC = 0x08000000
const CLONE_NEWPID = 0x20000000

const isolated = CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID

/**
 * Namespaces of its own for everything but, when the caller says so, the network; and a keyring of its own. A user
 * namespace keeps the keys that were added in it: only where a filter of ours refuses every call that does may the
 * next container get it.
 */
export function namespaceSteps({ spec }: PlanInput): readonly ContainerStep[] {
  const network = spec.network === 'host' ? 0 : 1
  const user = spec.seccomp === 'default' || spec.seccomp === 'strict' ? 1 : 2
  return [{ op: 'namespaces', flags: isolated, network, user }, { op: 'keyring' }]
}
