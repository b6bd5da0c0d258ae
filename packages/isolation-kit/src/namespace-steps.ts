import type { ContainerStep } from '@caisson/core'
import type { PlanInput } from './plan-input.js'
import { changesNetwork } from './sysctl-steps.js'

/** CLONE_NEW* of namespaces(7). */
export const NamespaceFlag = Object.freeze({
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
})

const isolated = Object.values(NamespaceFlag).reduce((all, flag) => all | flag, 0)
/** Fields of the step `namespaces`. */
const fromPool = 1
const fresh = 2
const ofSingleId = 2

/**
 * Namespaces of its own for everything but, when the caller says so, the network; and a keyring of its own. A user
 * namespace keeps the keys that were added in it: only where a filter of ours refuses every call that does may the
 * next container get it.
 */
export function namespaceSteps({ spec }: PlanInput): readonly ContainerStep[] {
  const own = changesNetwork(spec) ? fresh : fromPool
  const network = spec.network === 'host' ? 0 : own
  const many = spec.seccomp === 'default' || spec.seccomp === 'strict' ? fromPool : fresh
  const user = spec.isolation.ids === 'single' ? many + ofSingleId : many
  return [
    { op: 'namespaces', flags: isolated, network, user },
    { op: 'keyring' },
    { op: 'oomScore', value: spec.isolation.oomScore },
  ]
}
