import type { ContainerStep, ProcessStep } from '../plan/steps.generated.js'
import type { EndReason } from '../result/end-reason.js'
import type { ProcessEnd } from './process.js'
import type { LimitKey, Limits } from '../spec/limits.js'

/** Steps a limiter adds: the container's run with its set-up, the process's before its user is changed. */
export interface Amendment {
  readonly container?: readonly ContainerStep[]
  readonly process?: readonly ProcessStep[]
}

/** What a driver saw happen in a container. */
export interface ContainerNotice {
  /** `oom`: the kernel killed a process for want of memory; `violation`: something forbidden was tried and refused. */
  readonly kind: 'oom' | 'violation'
  /** What was run into, for people, e.g. `memory 64 MiB` or `syscall ptrace`. */
  readonly what: string
}

/** Tells what a driver sees in a container, as it happens, until the container is removed. */
export type Watch = (tell: (notice: ContainerNotice) => void) => void

/** Limits held for one container or one command. */
export interface LimitLease {
  /** The keys it enforces, out of those asked for. */
  readonly enforced: readonly LimitKey[]
  readonly amendment: Amendment
  /** Whether one of its limits ended the command; undefined when none did. */
  reason(end: ProcessEnd): EndReason | undefined
  /**
   * There if and only if the driver's manifest has the feature `freeze`. Settles when every process stands still, or may
   * go on. SIGKILL may wait for the thaw: the engine thaws what it kills.
   */
  freeze?(on: boolean): Promise<void>
  /**
   * A container that stays stands: the host pid of its pid 1, before any command of it runs; all of them are its children.
   * For what can be done to processes only. One-shots have no such moment: a limit is enforced by the amendment.
   */
  attach?(pid: number): Promise<void>
  /** There if and only if the manifest has the feature `watch`. Called once for a container that stays. */
  watch?: Watch
  /**
   * It needs nothing of this process: the limits hold without it, and without `release`; acquired again for the same
   * container, it is the same. Default false: it cannot serve a detached container.
   */
  readonly durable?: boolean
  /** Gives everything back. Idempotent. */
  release(): Promise<void>
}

/** What limits are wanted for. */
export interface LimitRequest<L extends LimitKey = LimitKey> {
  /** The container's id. */
  readonly id: string
  /** `container`: shared by all its commands; `command`: for one. */
  readonly scope: 'container' | 'command'
  /**
   * Only keys of the driver's manifest; parsed: bytes and milliseconds as numbers. None for a limiter that is wanted for
   * its feature `freeze` or `watch` alone.
   */
  readonly limits: Limits<L>
}

/** Enforces limits. It never knows the isolation driver, nor that one it. */
export interface ResourceLimiter<L extends LimitKey = LimitKey> {
  /**
   * Takes hold of limits.
   * @throws CaissonError ERR_LIMIT_RANGE when the host cannot give the value
   */
  acquire(request: LimitRequest<L>): Promise<LimitLease>
}
