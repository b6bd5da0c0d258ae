import { invalidArgument, type ContainerStep, type TemplateStep } from '@caisson/core'
import { maskedProcPaths, maskedSysPaths } from './masked-paths.js'
import { inert, MountAttribute } from './mount-attributes.js'
import type { PlanInput } from './plan-input.js'
import { readonlyProcPaths } from './readonly-paths.js'

/** Covers that `mask` steps put over what is hidden. */
export const cover = Object.freeze({ file: 'null', dir: 'empty' })

/** @throws TypeError ERR_INVALID_SPEC for a path that is not hidden or read-only by default */
function unmasked({ spec, host }: PlanInput): (path: string) => boolean {
  const { unmask } = spec.isolation
  const known = [...maskedProcPaths, ...readonlyProcPaths, ...maskedSysPaths(host.cpus)]
  for (const [n, path] of unmask.entries()) {
    if (known.includes(path)) continue
    const why = `${path} is neither hidden nor read-only by default`
    const fix = `Those are: ${known.join(' ')}`
    throw invalidArgument({ field: `unmask[${n}]`, subject: path, why, fix })
  }
  return (path) => unmask.includes(path)
}

function sysfsSteps(input: PlanInput): readonly TemplateStep[] {
  if (input.spec.isolation.sysfs === 'none') return []
  const open = unmasked(input)
  return [
    { op: 'mount', type: 'sysfs', at: 'sys', options: [], attrs: inert | MountAttribute.readonly },
    ...maskedSysPaths(input.host.cpus)
      .filter((path) => !open(path))
      .map((path) => ({ op: 'mask' as const, path: path.slice('/'.length), ...cover })),
  ]
}

/** Template: the covers, and a sysfs that nobody writes to, masked once for all. */
export function sysTemplateSteps(input: PlanInput): readonly TemplateStep[] {
  return [
    { op: 'device', source: '/dev/null', at: cover.file, major: 1, minor: 3 },
    // Where ids are not remapped, root of a container could change the mode of the host's own /dev/null by its covers.
    { op: 'readonly', path: cover.file, required: 1 },
    {
      op: 'mount',
      type: 'tmpfs',
      at: cover.dir,
      options: ['mode=0555', 'size=4k', 'nr_inodes=1'],
      attrs: inert | MountAttribute.readonly,
    },
    ...sysfsSteps(input),
  ]
}

/** Container: /sys and /proc, the latter with what it must not show or take hidden or read-only. */
export function procSysSteps(input: PlanInput): readonly ContainerStep[] {
  const { procfs, sysfs } = input.spec.isolation
  const open = unmasked(input)
  const sys: readonly ContainerStep[] =
    sysfs === 'none' ? [] : [{ op: 'move', from: 'sys', at: '/sys' }]
  // with that option the kernel shows processes and nothing else: there is nothing left to be hidden
  if (procfs === 'pids') {
    return [...sys, { op: 'proc', at: '/proc', options: ['subset=pid'], attrs: inert }]
  }
  return [
    ...sys,
    { op: 'proc', at: '/proc', options: [], attrs: inert },
    ...maskedProcPaths
      .filter((path) => !open(path))
      .map((path) => ({ op: 'mask' as const, path, ...cover })),
    // what is hidden needs no more; what was hidden and is shown all the same is not written to
    ...readonlyProcPaths
      .filter((path) => maskedProcPaths.includes(path) === open(path))
      .map((path) => ({ op: 'readonly' as const, path, required: 0 })),
  ]
}
