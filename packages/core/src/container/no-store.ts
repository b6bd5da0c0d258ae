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
