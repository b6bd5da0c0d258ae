import { accessSync, constants } from 'node:fs'
import { readHierarchies, type Hierarchy } from '@caisson/cgroup-kit'

/** What this driver uses of v1. */
export const CONTROLLERS = [
  'memory',
  'cpu',
  'cpuacct',
  'cpuset',
  'pids',
  'blkio',
  'hugetlb',
  'freezer',
] as const

export type Controller = (typeof CONTROLLERS)[number]

/** A tree in which groups are made: below the group that this process is in. */
export interface Tree {
  /** The controllers of ours in it; `cpu` and `cpuacct` are often mounted together. Empty: the cgroup2 tree. */
  readonly controllers: readonly Controller[]
  /** Directory of this process's own group. */
  readonly own: string
  /** Whether groups can be made there. */
  readonly writable: boolean
}

/** The trees of this host. */
export interface Trees {
  readonly all: readonly Tree[]
  /** The one with this controller. */
  of(controller: Controller): Tree | undefined
  /** cgroup2 beside v1, on a hybrid host: it kills, stops and tells at once. */
  readonly unified: Tree | undefined
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** @param hierarchies default: those of this process */
export function findTrees(hierarchies: readonly Hierarchy[] = readHierarchies()): Trees {
  const all: Tree[] = []
  for (const { version, controllers: names, own } of hierarchies) {
    const controllers = CONTROLLERS.filter((name) => names.includes(name))
    if (version === 1 && controllers.length === 0) continue
    all.push({ controllers, own, writable: isWritable(own) })
  }
  return {
    all,
    of: (controller) => all.find(({ controllers }) => controllers.includes(controller)),
    unified: all.find(({ controllers }) => controllers.length === 0),
  }
}
