import type { ContainerStep, TemplateStep } from '@caisson/core'
import { maskedProcPaths, maskedSysPaths } from './masked-paths.js'
import { inert, MountAttribute } from './mount-attributes.js'
import type { PlanInput } from './plan-input.js'
import { readonlyProcPaths } from './readonly-paths.js'

/** Covers that `mask` steps put over what is hidden. */
export const cover = Object.freeze({ file: 'null', dir: 'empty' })

/** Template: the covers, and a sysfs that nobody writes to, masked once for all. */
export function sysTemplateSteps({ host }: PlanInput): readonly TemplateStep[] {
  return [
    { op: 'device', source: '/dev/null', at: cover.file, major: 1, minor: 3 },
    // Where ids are not remapped, root of a container could change the mode of the host's own /dev/null by its covers.
    { op: 'readonly', path: cover.file },
    {
      op: 'mount',
      type: 'tmpfs',
      at: cover.dir,
      options: ['mode=0555', 'size=4k', 'nr_inodes=1'],
      attrs: inert | MountAttribute.readonly,
    },
    { op: 'mount', type: 'sysfs', at: 'sys', options: [], attrs: inert | MountAttribute.readonly },
    ...maskedSysPaths(host.cpus).map((path) => ({
      op: 'mask' as const,
      path: path.slice('/'.length),
      ...cover,
    })),
  ]
}

/** Container: /sys and /proc, the latter with what it must not show or take hidden or read-only. */
export function procSysSteps(): readonly ContainerStep[] {
  return [
    { op: 'move', from: 'sys', at: '/sys' },
    { op: 'proc', at: '/proc', options: [], attrs: inert },
    ...maskedProcPaths.map((path) => ({ op: 'mask' as const, path, ...cover })),
    ...readonlyProcPaths.map((path) => ({ op: 'readonly' as const, path })),
  ]
}
