import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, isCaissonError } from 'caisson'

/** An engine with state and data of its own. */
export const openEngine = (directory: string) =>
  createEngine({
    from: 'busybox:',
    stateDir: join(directory, 'state'),
    dataDir: join(directory, 'data'),
  })

export type AnyEngine = Awaited<ReturnType<typeof openEngine>>
export type AnyContainer = Pick<Awaited<ReturnType<AnyEngine['create']>>, 'sh'>

/** What a script says that ends well. */
export async function run(container: AnyContainer, script: string): Promise<string> {
  return (await container.sh(script)).unwrap().stdout
}

/** The code that something is refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return isCaissonError(error) ? error.code : String(error)
  }
  return 'nothing was thrown'
}

/** What containers wrote may have ids that only the store can remove. */
export async function emptyStore(directory: string): Promise<void> {
  await using later = await openEngine(directory)
  const store = await later.store()
  for (const { id } of store.snapshots.list()) await store.snapshots.delete(id)
  for (const { name } of store.refs.list()) await store.refs.delete(name)
  await store.collect()
  expect(readdirSync(join(store.directory, 'snaps'))).to.deep.equal([])
}
