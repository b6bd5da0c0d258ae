import { readFileSync } from 'node:fs'
import { copyOnWriteKinds, type CopyOnWriteKind } from '../contracts/copy-on-write.js'
import type { IsolationDriver } from '../contracts/isolation-driver.js'
import type { Missing } from '../contracts/probe.js'
import { CaissonError } from '../errors/caisson-error.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import { SharedWork } from '../work/shared-work.js'
import { probeReflink } from './probe-reflink.js'
import { probeWrites, type WayProbe } from './probe-writes.js'

/** A way that is asked for, or the best that works. */
export type CopyOnWriteOption = 'auto' | CopyOnWriteKind

/** How a root is made writable. */
export interface WritableWay {
  readonly kind: CopyOnWriteKind
  /** What is lost against an overlay where nobody asked for that, in words. */
  readonly degraded: readonly string[]
}

/** Whether a place takes what containers write, and how. */
export interface WriteProbe {
  /** Containers can write there: in the way that is `used`. */
  readonly ok: boolean
  /** The way that the engine takes; undefined: none works, or not the one that was asked for. */
  readonly used: CopyOnWriteKind | undefined
  /** Why that is not an overlay, or nothing; empty when it is one. */
  readonly missing: readonly Missing[]
  /** Each way by itself. */
  readonly ways: Readonly<Record<CopyOnWriteKind, WayProbe>>
}

/** Where containers can write to. */
export interface WriteProbes {
  /** `writable: { on: 'memory' }`, the default. */
  readonly memory: WriteProbe
  /** `writable: { on: 'disk' }`, on the file system of the store; undefined: the engine has none. */
  readonly disk: WriteProbe | undefined
}

/** What the choice depends on. */
export interface CopyOnWriteParts {
  readonly wanted: CopyOnWriteOption
  readonly isolation: IsolationDriver
  /** The isolation driver has the feature `rootCopies`. */
  readonly copies: boolean
  /** Of the container that tries something out. */
  readonly spec: () => ContainerSpec
  /** Undefined: there is no disk to write to. */
  readonly store: { readonly directory: string } | undefined
}

const overlay: WritableWay = { kind: 'overlay', degraded: [] }

const noSharing: WayProbe = {
  ok: false,
  missing: [
    {
      what: 'memory shares no data with a root',
      fix: "Use `writable: { on: 'disk' }`, or `copyOnWrite: 'copy'`.",
    },
  ],
}

const noCopies: WayProbe = {
  ok: false,
  missing: [
    {
      what: 'the isolation driver has not the feature `rootCopies`',
      fix: 'Use a driver that has it, such as pivotRoot().',
    },
  ],
}

/** Whether the kernel has overlays, as far as it says so: a module comes with the first that is tried. */
function knowsOverlays(): boolean {
  try {
    return readFileSync('/proc/filesystems', 'latin1').includes('\toverlay\n')
  } catch {
    return true
  }
}

function refused(kind: CopyOnWriteKind, where: string, { missing }: WayProbe): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'copyOnWrite',
    subject: kind,
    field: 'copyOnWrite',
    why: `it does not work ${where}: ${missing.map(({ what }) => what).join('; ')}`,
    fix: [...new Set(missing.map(({ fix }) => fix)), "Or leave the choice to 'auto'."].join(' '),
  })
}

function givenUp(reason: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_ABORTED',
    what: 'container not made',
    why: 'aborted before it stood',
    cause: reason,
  })
}

const costs = {
  'fuse-overlayfs': 'every access to files of the root goes through a program of the host',
  reflink: 'every container has a copy of its root, without the data',
  copy: 'every container has a copy of all of its root',
} as const

function instead(kind: keyof typeof costs, { missing }: WayProbe): WritableWay {
  const why = missing.map(({ what }) => what).join('; ')
  const lost = `copyOnWrite: ${kind}: ${costs[kind]}, since no overlay works: ${why}`
  return { kind, degraded: [lost] }
}

/** Decides how roots are made writable: where writes go to memory, and where they go to the disk. */
export class CopyOnWrite {
  readonly #parts: CopyOnWriteParts
  readonly #known = new Map<string, WritableWay>()
  readonly #trying = new SharedWork<WritableWay>(givenUp)
  /** Said once, it is not asked again at each start. */
  #hasOverlays = false

  constructor(parts: CopyOnWriteParts) {
    this.#parts = parts
  }

  /**
   * The way for a container. A promise where something has to be tried out first, once for each engine: the disk always,
   * memory where the kernel does not say that it has overlays.
   * @throws CaissonError ERR_UNSUPPORTED when the way that was asked for does not work there; ERR_ABORTED
   */
  choose(
    { upperOn }: Pick<ContainerSpec, 'upperOn'>,
    signal?: AbortSignal,
  ): WritableWay | Promise<WritableWay> {
    const { wanted, copies, store } = this.#parts
    if (wanted === 'copy') return { kind: wanted, degraded: [] }
    if (upperOn === 'disk' && store !== undefined) {
      if (wanted === 'auto' && !copies) return overlay
      const { directory } = store
      return this.#once('disk', signal, (ended) => this.#tryAt(directory, `in ${directory}`, ended))
    }
    if (wanted === 'reflink') throw refused(wanted, 'in memory', noSharing)
    if (wanted === 'overlay' || !copies) return overlay
    if (wanted === 'auto' && (this.#hasOverlays ||= knowsOverlays())) return overlay
    return this.#once('memory', signal, (ended) => this.#tryAt(undefined, 'in memory', ended))
  }

  /** Everything tried out. Never throws. */
  async report(): Promise<WriteProbes> {
    const { store } = this.#parts
    const memory = await this.#reportOn(undefined)
    const disk = store && (await this.#reportOn(store.directory))
    return Object.freeze({ memory, disk })
  }

  /** What failed is tried again by the next: what was in the way may be mended. */
  #once(
    where: string,
    signal: AbortSignal | undefined,
    work: (ended: AbortSignal) => Promise<WritableWay>,
  ): WritableWay | Promise<WritableWay> {
    const known = this.#known.get(where)
    if (known !== undefined) return known
    return this.#trying.do(where, signal, async (ended) => {
      const way = await work(ended)
      this.#known.set(where, way)
      return way
    })
  }

  async #tryAt(
    directory: string | undefined,
    where: string,
    ended: AbortSignal,
  ): Promise<WritableWay> {
    const { wanted } = this.#parts
    const attempt = async (kind: CopyOnWriteKind): Promise<WayProbe> => {
      const tried = await this.#try(directory, kind, ended)
      if (ended.aborted) throw givenUp(ended.reason)
      return tried
    }
    const kind = wanted === 'auto' ? 'overlay' : wanted
    const tried = await attempt(kind)
    if (tried.ok) return { kind, degraded: [] }
    if (wanted !== 'auto') throw refused(kind, where, tried)
    for (const other of ['fuse-overlayfs', 'reflink'] as const)
      if ((await attempt(other)).ok) return instead(other, tried)
    return instead('copy', tried)
  }

  async #try(
    directory: string | undefined,
    kind: CopyOnWriteKind,
    signal?: AbortSignal,
  ): Promise<WayProbe> {
    const { copies, isolation, spec } = this.#parts
    if (kind !== 'overlay' && !copies) return noCopies
    if (kind === 'reflink') return directory === undefined ? noSharing : probeReflink(directory)
    return probeWrites(isolation, spec(), directory, kind, signal)
  }

  async #reportOn(directory: string | undefined): Promise<WriteProbe> {
    const { wanted } = this.#parts
    const ways: WriteProbe['ways'] = Object.freeze({
      overlay: await this.#try(directory, 'overlay'),
      'fuse-overlayfs': await this.#try(directory, 'fuse-overlayfs'),
      reflink: await this.#try(directory, 'reflink'),
      copy: await this.#try(directory, 'copy'),
    })
    const best = wanted === 'auto' ? copyOnWriteKinds.find((kind) => ways[kind].ok) : wanted
    const used = best !== undefined && ways[best].ok ? best : undefined
    const { missing } = wanted === 'auto' || used !== undefined ? ways.overlay : ways[wanted]
    return Object.freeze({ ok: used !== undefined, used, missing, ways })
  }
}
