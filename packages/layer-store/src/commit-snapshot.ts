import type { Refs } from './refs.js'
import type { SnapshotMeta } from './snapshot-meta.js'
import type { StoreContext } from './store-context.js'
import { storeError } from './store-error.js'

/** The name in the store of what `layer:<name>` is. */
export function layerRef(name: string): string {
  return `layer/${name}`
}

/**
 * Gives a snapshot its name as a root. It is the snapshot that is named, whatever its base: what it lies upon stays with it.
 * @param chain the snapshot and those below it, topmost first; empty when one is missing
 * @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_IO
 */
export async function commitSnapshot(
  context: StoreContext,
  refs: Refs,
  chain: readonly SnapshotMeta[],
  name: string,
): Promise<void> {
  const [top] = chain
  if (top === undefined) throw storeError('ERR_STORE_NOT_FOUND', name, 'no snapshot to name so')
  context.step('commit:begin')
  await refs.set(layerRef(name), { kind: 'snapshot', id: top.id })
  context.step('commit:done')
}
