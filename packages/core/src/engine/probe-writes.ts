import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '../container/new-id.js'
import type { CopyOnWriteKind } from '../contracts/copy-on-write.js'
import type { FileAccess } from '../contracts/file-access.js'
import type { ContainerRequest, IsolationDriver } from '../contracts/isolation-driver.js'
import type { Missing } from '../contracts/probe.js'
import { CaissonError } from '../errors/caisson-error.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { removeTree } from '../host/remove-tree.js'
import { listDirectory } from '../files/walk-files.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import { nearest } from './probe-reflink.js'

/** Whether a root can be made writable in one way. */
export interface WayProbe {
  readonly ok: boolean
  /** What failed, in the words of the kernel where it had any, and what to do about it; empty when `ok`. */
  readonly missing: readonly Missing[]
}

const D = Buffer.from('/d')

/** Nobody else writes there: what was deleted is still listed, since a whiteout is told from a file by its type. */
function noTypes(cause: CaissonError): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'overlay',
    why: 'the file system does not tell types of entries when it lists them (d_type), so that deleted ones stay listed (ENOTEMPTY)',
    fix: 'Use ext4 with the feature `filetype`, xfs made with ftype=1, btrfs or tmpfs (`dataDir`).',
    cause,
  })
}

/** What goes wrong without a mark for opaque directories (EIO), or without whiteouts. */
async function exercise(files: FileAccess): Promise<void> {
  const before = await listDirectory(files, D)
  await files.remove(D, true).catch((error: unknown) => {
    throw isCaissonError(error) && error.errno === 'ENOTEMPTY' ? noTypes(error) : error
  })
  await files.mkdir(D, 0o755, false)
  const after = await listDirectory(files, D)
  if (before.length === 2 && after.length === 0) return
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'overlay',
    why: 'directories that lie over each other are not shown as one, or come back when they are removed',
    fix: 'Use a local file system such as ext4, xfs, btrfs or tmpfs.',
  })
}

/**
 * Tries one out by a container in which nothing runs, on two directories that are merged, removed and made anew. Leaves nothing
 * behind; never throws.
 * @param store where the store is, or would be; undefined: memory is what is tried
 * @param signal ends it: what it says then means nothing
 */
export async function probeWrites(
  isolation: IsolationDriver,
  spec: ContainerSpec,
  store: string | undefined,
  copyOnWrite: CopyOnWriteKind,
  signal?: AbortSignal,
): Promise<WayProbe> {
  let scratch: string | undefined
  try {
    scratch = mkdtempSync(join(store === undefined ? tmpdir() : nearest(store), '.caisson-probe-'))
    const lowers = ['a', 'b'].map((name) => join(scratch ?? '', name))
    for (const lower of lowers) {
      mkdirSync(join(lower, 'd'), { recursive: true })
      writeFileSync(join(lower, 'd', lower === lowers[0] ? 'x' : 'y'), '')
    }
    const upper = join(scratch, 'upper')
    mkdirSync(upper, { mode: 0o700 })
    const root = {
      key: `probe:${scratch}`,
      parts: [{ at: '/', lowers }],
      extras: [],
      masked: [],
      copyOnWrite: true,
      release: async () => {},
    }
    const request: ContainerRequest = {
      id: newId(),
      spec,
      root,
      amendments: [],
      ...(store === undefined ? {} : { upper }),
      ...(copyOnWrite === 'overlay' ? {} : { copyOnWrite }),
      ...(signal === undefined ? {} : { signal }),
    }
    const isolated = await isolation.create(request)
    try {
      const files = isolated.files?.()
      if (files !== undefined) await exercise(files)
    } finally {
      await isolated.remove()
    }
    return { ok: true, missing: [] }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const fix = isCaissonError(error) ? error.fix : undefined
    return { ok: false, missing: [{ what, fix: fix ?? 'See the message.' }] }
  } finally {
    if (scratch !== undefined) await removeTree(scratch)
  }
}
