import type { DirectoryJail } from '@caisson/core'
import type { ManifestIds } from './manifest-entry.js'
import { JailedTree } from './jailed-tree.js'
import { OwnTree } from './own-tree.js'
import type { StoreContext } from './store-context.js'
import { storeError } from './store-error.js'
import type { TreeReader } from './tree-reader.js'

/**
 * A directory of the store behind a server of its own; undefined where the store was opened without a launcher, or its launcher
 * serves none.
 */
export async function jailOf(
  { launcher }: StoreContext,
  directory: string,
): Promise<DirectoryJail | undefined> {
  return launcher?.jail?.(directory)
}

/**
 * Reads a directory of the store: root by own calls, others by their launcher where there is one.
 * @throws CaissonError of `Launcher.jail`
 */
export async function openTree(
  context: StoreContext,
  directory: string,
  wants: { readonly details: boolean },
): Promise<TreeReader> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot && !wants.details) return new OwnTree(directory, undefined)
  const jail = await jailOf(context, directory)
  if (isRoot || jail === undefined) return new OwnTree(directory, jail)
  return new JailedTree(jail)
}

/**
 * A reader that sees the owners which a manifest has.
 * @throws CaissonError ERR_UNSUPPORTED
 */
export function checkIds(manifest: ManifestIds, reader: TreeReader, layer: string): void {
  if (manifest === reader.ids || (manifest === 'own' && reader.ids === 'range')) return
  const why =
    reader.ids === 'host'
      ? 'its owners are those inside the containers of another user'
      : 'its owners are known to the launcher of this user alone'
  const fix = 'Open the store as who published it, and with `launcher`.'
  throw storeError('ERR_UNSUPPORTED', layer, why, { fix })
}
