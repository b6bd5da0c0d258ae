import type { Container } from '../container/container.js'
import type { DetachedContainer } from '../container/detached-container.js'
import type { Output } from '../container/decode-output.js'
import type { Events } from '../container/event-hub.js'
import type { Exec } from '../container/exec.js'
import type { Feature } from '../contracts/features.js'
import type { ExecResult } from '../result/exec-result.js'
import type { RunOptions } from '../spec/exec-options.js'
import type { LimitKey } from '../spec/limits.js'
import type { Spec } from '../spec/spec.js'
import type { Duration } from '../values/duration.js'
import type { ContainerFilter, DetachedInfo, DetachedSpec } from './detached-options.js'
import type { DoctorReport } from './doctor.js'
import type { DiskUsage, Pruned } from './disk-usage.js'

/** What happens in an engine. */
export interface EngineEvents {
  /** A container was made. */
  readonly container: readonly [Container]
  /** A one-shot ended. */
  readonly exit: readonly [ExecResult<Output>]
  /** Something failed, or is weaker than asked for, where no caller waits for an error. */
  readonly warning: readonly [unknown]
}

/**
 * Makes containers with the drivers it was given.
 * @typeParam L limits that its limiters enforce
 * @typeParam F features that its drivers bring
 */
export interface Engine<
  L extends LimitKey = LimitKey,
  F extends Feature = Feature,
> extends AsyncDisposable {
  /**
   * Runs one command in a container of its own, which is gone when the command ended.
   * The `Exec` rejects with ERR_INVALID_SPEC, ERR_UNSUPPORTED, ERR_ROOTFS_SCHEME, ERR_ARGV_TOO_LARGE, ERR_LIMIT_RANGE,
   * ERR_MOUNT_TARGET, ERR_CAPABILITY_UNKNOWN (nothing was touched), with the codes of providers and of a start,
   * ERR_ABORTED, or ERR_DISPOSED.
   */
  run(
    argv: readonly string[],
    options: RunOptions<L> & { readonly encoding: 'buffer' },
  ): Exec<Uint8Array>
  run(argv: readonly string[], options?: RunOptions<L>): Exec
  /**
   * Makes a container that outlives this process: `get` finds it again, here or elsewhere. Needs the feature `detach` of the
   * isolation driver, and a root and limits that are `durable`.
   * @throws CaissonError the codes of `run`, and ERR_STATE_DIR
   */
  create(spec: DetachedSpec<L>): Promise<DetachedContainer<L, F>>
  /**
   * Makes a container that stays until it is removed or the engine is disposed.
   * @throws CaissonError the codes of `run`
   */
  create(spec?: Spec<L>): Promise<Container<L, F>>
  /**
   * The detached container of that id, made by any process of this user with this state directory. It is connected to when
   * it is first used; one process at a time can be.
   * @throws CaissonError ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_GONE (what held it is dead), ERR_RECORD, ERR_STATE_DIR,
   * ERR_UNSUPPORTED (its driver is not this engine's)
   */
  get(id: string): Promise<DetachedContainer<L, F>>
  /**
   * Detached containers of this state directory that live, oldest first.
   * @throws CaissonError ERR_STATE_DIR
   */
  list(filter?: ContainerFilter): Promise<readonly DetachedInfo[]>
  /**
   * Removes what dead processes left in the state directory: records, sockets and logs of containers, claims of ids (every
   * engine does so when it is made); and the garbage of the store: blobs, layers and snapshots that no name, no kept snapshot
   * and no process leads to. What any process uses stays.
   * @param options `olderThan`: only what was not touched for so long; default 0
   * @throws CaissonError ERR_STATE_DIR; ERR_STORE_LOCKED when others look things up in the store for longer than ten seconds
   * (the rest is done then), ERR_STORE_DIR, ERR_STORE_VERSION, ERR_STORE_IO; TypeError or RangeError ERR_INVALID_SPEC
   */
  prune(options?: { readonly olderThan?: Duration }): Promise<Pruned>
  /**
   * What its directories take on disk, by kind. Walks all of it, as `du` does.
   * @throws CaissonError ERR_STATE_DIR, ERR_STORE_DIR, ERR_STORE_VERSION, ERR_STORE_IO
   */
  diskUsage(): Promise<DiskUsage>
  /** What `run` with the same arguments would do, in order, for people. Runs nothing. Throws what `run` rejects with. */
  explain(argv: readonly string[], options?: RunOptions<L>): Promise<string>
  /**
   * What this host gives each driver, and what to do about what it does not; whether containers can write to memory and to the
   * file system of the store is tried out. Never throws, leaves nothing behind.
   */
  doctor(): Promise<DoctorReport>
  /** What was plugged in, as the manifests declare it. */
  readonly supports: {
    readonly limits: ReadonlySet<L>
    readonly features: ReadonlySet<F>
    /** Schemes of `from`, without the colon. */
    readonly schemes: ReadonlySet<string>
  }
  readonly events: Events<EngineEvents>
  /** Removes every container, ends every command (reason `killed`), and disposes what the engine made. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>
}
