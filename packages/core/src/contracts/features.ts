import type { Files } from '../files/files.js'

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
  /** Containers can outlive the process: `engine.create({ detached: true })`, `engine.get`. */
  detach: NoMethods
}

export type Feature = keyof FeatureMethods
