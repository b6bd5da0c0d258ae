import type { Files } from '../files/files.js'
import type { ContainerStats } from '../result/container-stats.js'
import type { Limits } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { Duration } from '../values/duration.js'
import type { BelowUsage } from './resource-limiter.js'
import type { Snapshottable } from './snapshottable.js'

/** Stops all processes of a container at once, and lets them go on. */
export interface Pausable {
  /**
   * Commands cannot be started then, and time goes on: a timeout, `kill()`, `stop()` or `remove()` thaws what it kills; when
   * only a command is to end, the container is running afterwards. Other signals wait for `resume()`.
   * @throws CaissonError ERR_CONTAINER_STATE unless it is running
   */
  pause(): Promise<void>
  /** @throws CaissonError ERR_CONTAINER_STATE unless it is paused */
  resume(): Promise<void>
}

/** Reaches the files of a container. */
export interface WithFiles {
  readonly fs: Files
}

/** How statistics come. */
export interface StatsOptions {
  /** Time between two, at least 10ms. Default 1s. A slow reader gets fewer, never old ones. */
  readonly interval?: Duration
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** Tells how a container stands. */
export interface Measurable {
  /** Now. @throws CaissonError ERR_CONTAINER_STATE when it is stopped or removed */
  stats(): Promise<ContainerStats>
  /**
   * At once, and then once every interval until the container is stopped. It does not keep Node alive by itself.
   * @throws TypeError or RangeError ERR_INVALID_SPEC; CaissonError ERR_CONTAINER_STATE
   */
  statsStream(options?: StatsOptions): AsyncIterable<ContainerStats>
}

/** How limits are changed. */
export interface UpdateOptions {
  /** When `memory.max` goes below what is in use. Default `reject`. */
  readonly belowUsage?: BelowUsage
}

/** What limits became. */
export interface UpdateResult {
  /** All of the container's limits, as the kernel has them. */
  readonly effective: ParsedLimits
  /** Things worth knowing, in words. */
  readonly notes: readonly string[]
}

/** Changes limits of a container while it runs. */
export interface Updatable {
  /**
   * Those named; the others stay. All or nothing. Commands that run and commands to come have the new ones.
   * @throws CaissonError ERR_UNSUPPORTED, ERR_LIMIT_RANGE, ERR_LIMIT_BELOW_USAGE, ERR_CONTAINER_STATE
   */
  update(limits: Limits, options?: UpdateOptions): Promise<UpdateResult>
}

/** A feature that adds no method to a container. */
export type NoMethods = object

/**
 * What drivers may add to containers, beyond limits: the feature's name and the methods it brings. A driver's manifest
 * names the features it has. Third parties add to it by declaration merging.
 */
export interface FeatureMethods {
  /** A limiter that can freeze. */
  freeze: Pausable
  /** Tells of `oom` or `violation` as they happen: containers then have these events. */
  watch: NoMethods
  /** A limiter that counts what each command uses, with all that it started. */
  account: NoMethods
  /** A limiter that tells how a container stands. */
  stats: Measurable
  /** A limiter that changes limits while processes run. */
  update: Updatable
  /** A limiter that kills all processes it holds at once. */
  kill: NoMethods
  /** Containers live in a user namespace of their own. */
  userns: NoMethods
  /** System calls are filtered. */
  seccomp: NoMethods
  /** Files of a container can be reached without a command in it, also when it is stopped. */
  files: WithFiles
  /** Commands may have a terminal (`tty`). */
  pty: NoMethods
  /** The command of a one-shot may be its container's pid 1 (`init: 'command'`). */
  commandInit: NoMethods
  /** What a container writes never reaches its root. */
  copyOnWrite: NoMethods
  /** Roots can be made writable by copies and by fuse-overlayfs, where overlays cannot be used (`copyOnWrite` of a request). */
  rootCopies: NoMethods
  /** What containers write can be kept, forked and undone; with a store of snapshots. */
  snapshots: Snapshottable
  /** Containers can outlive the process: `engine.create({ detached: true })`, `engine.get`. */
  detach: NoMethods
}

/** The name of something that not every driver can do; its methods are there if and only if it is declared. */
export type Feature = keyof FeatureMethods
