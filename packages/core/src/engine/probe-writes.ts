import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { newId } from '../container/new-id.js'
import type { FileAccess } from '../contracts/file-access.js'
import type { ContainerRequest, IsolationDriver } from '../contracts/isolation-driver.js'
import type { Missing } from '../contracts/probe.js'
import { CaissonError } from '../errors/caisson-error.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { removeTree } from '../host/remove-tree.js'
import { listDirectory } from '../files/walk-files.js'
import type { ContainerSpec } from '../spec/container-spec.js'

/** Whether a place takes what containers write: found out by a container in which nothing runs, on two directories. */
export interface WriteProbe {
  /** Directories that lie below were merged, removed and made anew there, as the kernel's overlays can. */
  readonly ok: boolean
  /** What failed, in the words of the kernel where it had any, and what to do about it; empty when `ok`. */
  readonly missing: readonly Missing[]
}

/** Where containers can write to. */
export interface WriteProbes {
  /** `writable: { on: 'memory' }`, the default. */
  readonly memory: WriteProbe
  /** `writable: { on: 'disk' }`, on the file system of the store; undefined: the engine has none. */
  readonly disk: WriteProbe | undefined
}

const D = Buffer.from('/d')

/** What goes wrong without a mark for opaque directories (EIO), or without whiteouts. */
async function exercise(files: FileAccess): Promise<void> {
  const before = await listDirectory(files, D)
  await files.remove(D, true)
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

function nearest(path: string): string {
  return existsSync(path) || path === '/' ? path : nearest(dirname(path))
}

/**
 * Tries one out, and leaves nothing behind.
 * @param store where the store is, or would be; undefined: memory is what is tried
 */
async function probeWrites(
  isolation: IsolationDriver,
  spec: ContainerSpec,
  store: string | undefined,
): Promise<WriteProbe> {
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
    const request: ContainerRequest = { id: newId(), spec, root, amendments: [] }
    const isolated = await isolation.create(store === undefined ? request : { ...request, upper })
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

/** Never throws. */
export async function probeAllWrites(
  isolation: IsolationDriver,
  spec: ContainerSpec,
  store: { readonly directory: string } | undefined,
): Promise<WriteProbes> {
  const memory = await probeWrites(isolation, spec, undefined)
  const disk = store && (await probeWrites(isolation, spec, store.directory))
  return Object.freeze({ memory, disk })
}
