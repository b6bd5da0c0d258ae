import type { ContainerSpec, TemplateStep } from '@caisson/core'
import type { PlanHost } from './plan-host.js'
import type { PlanInput } from './plan-input.js'

function bindSources({ mounts }: ContainerSpec): readonly string[] {
  return mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.from] : []))
}

/** Stands for what lies at the sources of a spec's binds now; of the root, its key tells. */
export function mountIdentities(spec: ContainerSpec, host: PlanHost): string {
  return bindSources(spec)
    .map((path) => {
      const file = host.identify(path)
      return file === undefined ? '' : `${file.device}:${file.inode}`
    })
    .join(' ')
}

/**
 * Template: says which files its mounts are of. Lists that are equal share a template, and a directory that was deleted and
 * made anew under the same name is another one.
 */
export function expectSteps({ spec, root, host }: PlanInput): readonly TemplateStep[] {
  const lowers = root.parts.flatMap((part) => part.lowers)
  return [...new Set([...lowers, ...bindSources(spec)])].flatMap((source) => {
    const file = host.identify(source)
    return file === undefined ? [] : [{ op: 'expect' as const, source, ...file }]
  })
}
