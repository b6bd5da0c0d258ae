import type { CopyOnWriteKind } from './copy-on-write.js'
import type { FileAccess } from './file-access.js'
import type { Plan } from '../plan/plan.js'
import type { Change } from '../result/change.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import type { DetachedHolder, DetachPlace, IsolatedDetached, Publish } from './detach.js'
import type { Holding } from './holding.js'
import type { Command, LaunchedProcess } from './process.js'
import type { Amendment, Watch } from './resource-limiter.js'
import type { RootLease } from './root-lease.js'

/** A container to be made: everything parsed, leased and allowed. */
export interface ContainerRequest {
  readonly id: string
  readonly spec: ContainerSpec
  readonly root: RootLease
  /**
   * Of the container's limits. Their container steps run with its set-up; their process steps run in every command of it
   * (also of a one-shot), before those of the command's own amendments.
   */
  readonly amendments: readonly Amendment[]
  /**
   * Empty host directory that takes the container's writes, instead of memory; nobody else's. There only for drivers with the
   * feature `snapshots`.
   */
  readonly upper?: string
  /**
   * How its root is made writable. Default `overlay`; another one only for drivers with the feature `rootCopies`. Of a copy,
   * `changes` and `copyWrites` tell what is different from the root, and it counts as written where writes are limited. With
   * `fuse-overlayfs`, a program outside the container serves the root, and ends with it.
   */
  readonly copyOnWrite?: CopyOnWriteKind
  /** Ends the making of a container that stays, which then rejects when nothing of it is left. Default: nothing does. */
  readonly signal?: AbortSignal
}

/** A container that stands: its root is mounted and its pid 1 waits for commands. */
export interface IsolatedContainer {
  /** Host pid of its pid 1. */
  readonly pid: number
  /** Settles when no process of it is left, whatever the cause. */
  readonly gone: Promise<void>
  /** Why it ended by itself, in words, where more is known than that its first process died. */
  readonly whyGone?: string | undefined
  exec(command: Command): LaunchedProcess
  /** What holds a command of it that has started. Default: nothing is said of it. */
  holding?(command: Command): Holding
  /**
   * What the container changed in its root so far; also after `stop`.
   * @param since only what it changed since `copyWrites` filled that directory; for drivers with the feature `snapshots`
   */
  changes(since?: string): AsyncIterable<Change>
  /** There if and only if the driver's manifest has the feature `watch`. */
  watch?: Watch
  /**
   * The way to its files: until `remove`, also after `stop`. There if and only if the driver's manifest has the feature
   * `files`.
   */
  files?(): FileAccess
  /**
   * Copies what it wrote to `<directory>/<index>/upper` for each part of its root, with the ids it has inside. There, with
   * `seal`, if and only if the driver's manifest has the feature `snapshots`.
   * @throws CaissonError ERR_STORE_SPACE, ERR_LAUNCH, ERR_CONTAINER_GONE
   */
  copyWrites?(directory: string): Promise<void>
  /**
   * Refuses all further writes to its root, also through `files`. For one that has stopped.
   * @throws CaissonError ERR_LAUNCH, ERR_CONTAINER_GONE
   */
  seal?(): Promise<void>
  /** Kills every process; settles when none is left. Idempotent. */
  stop(): Promise<void>
  /** Stops, and forgets root and writes. Idempotent. */
  remove(): Promise<void>
}

/** Makes containers: compiles a plan and hands it to the launcher, or to something else altogether. */
export interface IsolationDriver {
  /** The plan for a request, without running anything: for `explain`, snapshot tests and auditors. */
  plan(request: ContainerRequest, command: Command): Promise<Plan>
  /** One command in a container of its own, gone when it ends. */
  run(request: ContainerRequest, command: Command): LaunchedProcess
  /** What holds a command that `run` has started. Default: nothing is said of it. */
  holding?(request: ContainerRequest, command: Command): Holding
  /**
   * A container that stays.
   * @throws CaissonError ERR_LAUNCH and the codes of its steps
   */
  create(request: ContainerRequest): Promise<IsolatedContainer>
  /**
   * A container that outlives this process. There, with `attach`, if and only if the manifest has the feature `detach`.
   * @throws CaissonError the codes of `create`; ERR_UNSUPPORTED when the launcher it was given cannot
   */
  createDetached?(
    request: ContainerRequest,
    place: DetachPlace,
    publish: Publish,
  ): Promise<IsolatedDetached>
  /** A container that was made by `createDetached`, here or in another process, with the same request. */
  attach?(request: ContainerRequest, place: DetachPlace, holder: DetachedHolder): IsolatedDetached
}
