/** Stops all processes of a container at once, and lets them go on. */
export interface Pausable {
  /** @throws CaissonError ERR_CONTAINER_STATE unless it is running */
  pause(): Promise<void>
  /** @throws CaissonError ERR_CONTAINER_STATE unless it is paused */
  resume(): Promise<void>
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
  /** Containers live in a user namespace of their own. */
  userns: NoMethods
  /** System calls are filtered. */
  seccomp: NoMethods
  /** Commands may have a terminal (`tty`). */
  pty: NoMethods
  /** The command of a one-shot may be its container's pid 1 (`init: 'command'`). */
  commandInit: NoMethods
  /** What a container writes never reaches its root. */
  copyOnWrite: NoMethods
}

export type Feature = keyof FeatureMethods
