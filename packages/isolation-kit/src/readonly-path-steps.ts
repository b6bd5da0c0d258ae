import { invalidArgument, type ContainerStep } from '@caisson/core'
import { isInside } from './inside.js'
import { hasOwnTmp } from './mount-steps.js'
import type { PlanInput } from './plan-input.js'

/**
 * Container: paths of the root that the caller wants no writes to. Each becomes a mount, so that it can neither be renamed nor
 * removed; and directories above it, which come from lowers, are not renamed by an overlay without `redirect_dir`.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function readonlyPathSteps(input: PlanInput): readonly ContainerStep[] {
  return (input.spec.readonlyPaths ?? []).map((path, n) => {
    if (hasOwnTmp(input) && isInside(path, '/tmp')) {
      const why = 'with chroot() /tmp is a tmpfs, and nothing of the root'
      throw invalidArgument({ field: `readonlyPaths[${n}]`, subject: path, why })
    }
    return { op: 'readonly', path, required: 1 }
  })
}
