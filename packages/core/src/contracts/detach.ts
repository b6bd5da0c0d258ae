import type { ProcessMark } from '../host/process-mark.js'
import type { ContainerStep } from '../plan/steps.generated.js'
import type { IsolatedContainer } from './isolation-driver.js'
import type { LaunchedContainer, LauncherIdentity, LaunchPlan } from './launcher.js'
import type { ProcessEnd } from './process.js'

/** Where a detached container keeps its socket and its logs. */
export interface DetachPlace {
  /** Absolute; mode 0700 and this user's, with a directory `logs` of the same kind. */
  readonly directory: string
  /** Most bytes of a stream's log; at least 2. */
  readonly logBytes: number
}

/** Who holds a detached container: plain data, all that another process needs to reach it. */
export interface DetachedHolder {
  /** The process that holds it; when it is dead, so is the container. */
  readonly owner: ProcessMark
  readonly identity: LauncherIdentity
  /** Host pid of the container's pid 1. */
  readonly pid: number
}

/**
 * Writes the record that lets others find the container, and makes the place. Until it has settled, the container dies with
 * this process; afterwards it does not.
 */
export type Publish = (holder: DetachedHolder) => Promise<void>

/** What detached containers can do besides. They connect to their holder when they need it, one process at a time. */
export interface DetachedLink {
  /**
   * How its first command ended, whoever ran it; waits for it, and for there to be one.
   * Rejects as that command did when it never ran, and with ERR_CONTAINER_GONE, ERR_CONTAINER_BUSY, ERR_DETACHED.
   */
  firstEnd(signal?: AbortSignal): Promise<ProcessEnd>
  /** Lets go of it: it runs on. What is under way rejects with ERR_DETACHED. Idempotent; the next call connects again. */
  detach(): Promise<void>
}

/** A detached container as the launcher's client sees it. */
export interface LaunchedDetached extends LaunchedContainer, DetachedLink {}

/** A detached container as an isolation driver gives it. */
export interface IsolatedDetached extends IsolatedContainer, DetachedLink {}

/** A launcher of its own for one container. Disposed, it ends with all it holds, unless it was handed over. */
export interface DetachedLauncher extends AsyncDisposable {
  readonly identity: LauncherIdentity
  /** @param signal ends it while it is made */
  create(
    plan: LaunchPlan,
    steps: readonly ContainerStep[],
    signal?: AbortSignal,
  ): Promise<LaunchedContainer>
  /** Publishes the container and lets it outlive this process. */
  handOver(
    container: LaunchedContainer,
    place: DetachPlace,
    publish: Publish,
  ): Promise<LaunchedDetached>
}
