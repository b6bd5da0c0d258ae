import { CaissonError, invalidArgument } from '@caisson/core'
import type { PlanInput } from './plan-input.js'

/** Ids in the launcher's own space. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Who the container's user is outside, for a bind in which the source's owner shall be that user; undefined where it is
 * so anyway.
 * @throws TypeError ERR_INVALID_SPEC when the user's ids are not known here; CaissonError ERR_UNSUPPORTED
 */
export function sourceOwner({ spec, identity }: PlanInput, mount: number): Owner | undefined {
  const field = `mounts[${mount}].owner`
  const match = /^(\d+)(?::(\d+))?$/.exec(spec.user)
  const uid = Number(match?.[1])
  const gid = match?.[2] === undefined && uid === 0 ? 0 : Number(match?.[2])
  if (Number.isNaN(uid) || Number.isNaN(gid)) {
    throw invalidArgument({
      field,
      why: `whose files they are must be known before /etc/passwd of the container is read; user is ${spec.user}`,
      fix: 'Pass `user` as `uid:gid`, in digits.',
    })
  }
  if (identity.mode === 'root') {
    return { uid: identity.rootUid + uid, gid: identity.rootGid + gid }
  }
  // the one id that a container has, or the first of a range, is this user itself
  if (identity.mode === 'single' || uid === 0) return undefined
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'mount',
    subject: spec.user,
    field,
    why: 'only root can map the owner of a directory to another id; as a user, files of `user` 0 are this user’s',
    fix: 'Leave `user` out (its root is nobody outside), or run as root.',
  })
}
