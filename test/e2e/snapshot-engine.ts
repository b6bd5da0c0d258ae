import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine } from 'caisson'

/** An engine with state and data of its own. */
export const openEngine = (directory: string) =>
  createEngine({
    from: 'busybox:',
    stateDir: join(directory, 'state'),
    dataDir: join(directory, 'data'),
  })

/** What containers wrote may have ids that only the store can remove. */
export async function emptyStore(directory: string): Promise<void> {
  await using later = await openEngine(directory)
  const store = await later.store()
  for (const { id } of store.snapshots.list()) await store.snapshots.delete(id)
  for (const { name } of store.refs.list()) await store.refs.delete(name)
  await store.collect()
  expect(readdirSync(join(store.directory, 'snaps'))).to.deep.equal([])
}
