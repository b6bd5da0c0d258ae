import type { FileAccess } from '../contracts/file-access.js'
import type { HeldSnapshot, SnapshotOrigin } from '../contracts/snapshot-store.js'
import { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { compareRoots, Suspects } from '../files/compare-roots.js'
import { pathText } from '../files/path-bytes.js'
import { walkFiles } from '../files/walk-files.js'
import type { Change } from '../result/change.js'
import type { Keeper } from './keeper.js'

/** The container that is compared. */
export interface DiffSide {
  readonly files: () => FileAccess
  /** What it wrote upon its own root. */
  readonly changes: () => AsyncIterable<Change>
}

/** Directories that are in one list and not in the other: what lies deepest is the same in both. */
function different(a: readonly string[], b: readonly string[]): readonly string[] {
  let same = 0
  while (same < a.length && same < b.length && a.at(-1 - same) === b.at(-1 - same)) same++
  return [...a.slice(0, a.length - same), ...b.slice(0, b.length - same)]
}

async function suspect(
  keeper: Keeper,
  suspects: Suspects,
  directory: string,
  at: string,
): Promise<void> {
  await using jail = await keeper.jail(directory, { readOnly: true })
  const prefix = at === '/' ? '' : at
  for await (const { below } of walkFiles(jail.files, Buffer.from('/')))
    suspects.add(`${prefix}/${pathText(below)}`)
}

function lowersOf(held: HeldSnapshot | undefined, { base }: SnapshotOrigin, index: number) {
  return (held?.parts ?? base.parts)[index]?.lowers ?? []
}

/**
 * What is different in a container from a snapshot of the same root, whichever it is: both roots are looked at as they are
 * seen from inside, where one of those that lie between them has something.
 * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_INVALID_SPEC (another root), ERR_UNSUPPORTED, and the codes of a start
 */
export async function* diffSnapshot(
  keeper: Keeper,
  side: DiffSide,
  since: string,
): AsyncGenerator<Change> {
  const { store, origin } = keeper
  const then = await store.hold(since)
  const below = origin.parent === undefined ? undefined : await store.hold(origin.parent)
  try {
    if (then.snapshot.base.key !== origin.base.key) throw otherRoot(since)
    const suspects = new Suspects()
    for (const [index, { at }] of origin.base.parts.entries()) {
      const [was, is] = [lowersOf(then, origin, index), lowersOf(below, origin, index)]
      for (const directory of different(was, is)) await suspect(keeper, suspects, directory, at)
    }
    for await (const { path } of side.changes()) suspects.add(path)
    const parts = origin.base.parts.map(({ at }) => at)
    await using former = await keeper.look(`snapshot:${since}`)
    if (former.files === undefined) throw noFiles()
    yield* compareRoots(former.files, side.files(), parts, suspects)
  } finally {
    then.release()
    below?.release()
  }
}

function otherRoot(subject: string): TypeError & CaissonError {
  const why = 'it is a snapshot of another root'
  return invalidArgument({ field: 'since', subject, why })
}

function noFiles(): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'diff',
    field: 'since',
    why: 'its isolation driver has not the feature `files`',
  })
}
