import type { ParsedLimits } from '@caisson/core'
import type { Controller, Tree, Trees } from './trees.js'

/** The controllers that limits need. */
export function controllersOf(limits: ParsedLimits): ReadonlySet<Controller> {
  const needed = new Set<Controller>()
  const { cpu } = limits
  if (limits.memory !== undefined) needed.add('memory')
  if (cpu?.quotaUs !== undefined || cpu?.weight !== undefined) needed.add('cpu')
  if (cpu?.set !== undefined || cpu?.mems !== undefined) needed.add('cpuset')
  if (limits.pids !== undefined) needed.add('pids')
  if (limits.io !== undefined) needed.add('blkio')
  if (limits.hugetlb !== undefined) needed.add('hugetlb')
  return needed
}

/** What is counted of every command, whatever limits it has. */
export const COUNTED: readonly Controller[] = ['memory', 'cpuacct']

/** What may be told of a container that stays, or be changed while it runs: its processes are in all of them from the start. */
export const CHANGEABLE: readonly Controller[] = [
  'memory',
  'cpuacct',
  'cpu',
  'cpuset',
  'pids',
  'blkio',
  'hugetlb',
]

/** The trees that have these controllers, each once; what the host lacks is left out. */
export function treesOf(trees: Trees, controllers: Iterable<Controller>): readonly Tree[] {
  const found = new Set<Tree>()
  for (const controller of controllers) {
    const tree = trees.of(controller)
    if (tree !== undefined) found.add(tree)
  }
  return [...found]
}
