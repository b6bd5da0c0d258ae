import { CaissonError } from '../errors/caisson-error.js'

/** The error for what needs a store where there is none. */
export function noStore(field: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'no store of snapshots',
    field,
    why: 'nothing is registered under SNAPSHOTS in the scope of this engine',
    fix: 'Add `storeRootfs()` of @caisson/layer-store to `rootfs`, or use the preset.',
  })
}

/** The error for what needs a store, of a container that outlives this process. */
export function notDetached(field: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'detached container',
    field,
    why: 'it outlives this process, and the store keeps places and snapshots for processes',
    fix: 'Keep what matters by `fs` or by a mount, or use a container that is not detached.',
  })
}
