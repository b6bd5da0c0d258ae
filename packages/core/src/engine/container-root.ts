import { noStore } from '../container/no-store.js'
import type { RootSource } from '../container/root-router.js'
import type { ContainerRequest } from '../contracts/isolation-driver.js'
import type { RootLease } from '../contracts/root-lease.js'
import type { ActiveSnapshot, SnapshotOrigin, SnapshotStore } from '../contracts/snapshot-store.js'
import { suppress } from '../errors/suppress.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import type { CopyOnWrite, WritableWay } from './copy-on-write.js'

/** What a container's root needs. */
export interface ContainerRootParts {
  readonly id: string
  readonly spec: ContainerSpec
  readonly source: RootSource
  readonly signal: AbortSignal | undefined
  readonly snapshots: SnapshotStore | undefined
  readonly writes: CopyOnWrite
}

/** The root of one container: who lends it, and where writes go when that is the disk. */
export class ContainerRoot {
  readonly #parts: ContainerRootParts
  #lease: RootLease
  #place: ActiveSnapshot | undefined
  /** How it is made writable; undefined: it is not. */
  readonly #writable: WritableWay | undefined

  private constructor(
    parts: ContainerRootParts,
    lease: RootLease,
    place: ActiveSnapshot | undefined,
    writable: WritableWay | undefined,
  ) {
    this.#parts = parts
    this.#lease = lease
    this.#place = place
    this.#writable = writable
  }

  /** @throws CaissonError ERR_UNSUPPORTED, and of providers and stores */
  static async take(parts: ContainerRootParts): Promise<ContainerRoot> {
    const lease = await parts.source.lend(parts.id, parts.signal)
    try {
      const place = await placeFor(parts, lease)
      try {
        const writable = lease.copyOnWrite
          ? parts.writes.choose(parts.spec, parts.signal)
          : undefined
        return new ContainerRoot(parts, lease, place, await writable)
      } catch (error) {
        if (place !== undefined) await parts.snapshots?.discard(place.id)
        throw error
      }
    } catch (error) {
      suppress(error, await failures(() => lease.release()))
      throw error
    }
  }

  get lease(): RootLease {
    return this.#lease
  }

  /** Where it writes on disk. */
  get place(): ActiveSnapshot | undefined {
    return this.#place
  }

  get origin(): SnapshotOrigin {
    return originOf(this.#lease)
  }

  /** Whether what is written to is a copy of it. */
  get isCopy(): boolean {
    return (this.#writable?.kind ?? 'overlay') !== 'overlay'
  }

  /** What is lost against the best that there is, in words. */
  get degraded(): readonly string[] {
    return this.#writable?.degraded ?? []
  }

  /** What a request holds of it. */
  get request(): Pick<ContainerRequest, 'root' | 'upper' | 'copyOnWrite'> {
    return {
      root: this.#lease,
      ...(this.#place === undefined ? {} : { upper: this.#place.directory }),
      ...(this.isCopy && this.#writable !== undefined ? { copyOnWrite: this.#writable.kind } : {}),
    }
  }

  /** Gives its writes up, and takes another root, if there is one. No container stands on it any more. */
  async change(source: RootSource | undefined): Promise<void> {
    const { id, signal, snapshots } = this.#parts
    const next = source === undefined ? this.#lease : await source.lend(id, signal)
    try {
      const place = await placeFor(this.#parts, next)
      const [lease, old] = [this.#lease, this.#place]
      this.#lease = next
      this.#place = place
      if (old !== undefined) await snapshots?.discard(old.id)
      if (source !== undefined) await lease.release()
    } catch (error) {
      if (this.#lease !== next) suppress(error, await failures(() => next.release()))
      throw error
    }
  }

  async release(): Promise<void> {
    try {
      if (this.#place !== undefined) await this.#parts.snapshots?.discard(this.#place.id)
    } finally {
      await this.#lease.release()
    }
  }
}

/** A root that is no snapshot is its own base. */
function originOf(lease: RootLease): SnapshotOrigin {
  const { key, parts, extras, masked, durable } = lease
  return lease.origin ?? { base: { key, parts, extras, masked, durable } }
}

async function placeFor(
  { spec, snapshots }: ContainerRootParts,
  lease: RootLease,
): Promise<ActiveSnapshot | undefined> {
  if (spec.upperOn !== 'disk' || !lease.copyOnWrite) return undefined
  if (snapshots === undefined) throw noStore('writable.on')
  return snapshots.begin(originOf(lease))
}

async function failures(undo: () => Promise<void>): Promise<readonly unknown[]> {
  try {
    await undo()
    return []
  } catch (error) {
    return [error]
  }
}
