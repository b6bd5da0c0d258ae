import type { ContainerStep, ProcessStep } from '../plan/steps.generated.js'
import type { EndReason } from '../result/end-reason.js'
import type { ContainerStats } from '../result/container-stats.js'
import type { OomScope, UsageSource } from '../result/usage.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { ProcessEnd } from './process.js'

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

/**
 * Tells what a driver sees in a container, as it happens, until the container is removed. Nothing is missed: what the
 * kernel's notification did not show is told when the driver next reads its counters, `release` at the latest.
 */
export type Watch = (tell: (notice: ContainerNotice) => void) => void

/** What a limiter counted of one command, with everything that it started. Absent: not counted here. */
export interface Account {
  /** Where it was counted. */
  readonly source: UsageSource
  /** Milliseconds; user and system may not add up to it exactly. */
  readonly cpuMs?: number
  readonly userMs?: number
  readonly systemMs?: number
  /** Most memory in use at one time, in bytes, page cache and tmpfs included. */
  readonly peakMemory?: number
  /** `peakMemory` is the largest of samples, not the kernel's own mark. Default false. */
  readonly approximate?: boolean
  /** Processes killed for want of memory. */
  readonly oomKills?: number
  /** Whose memory limit it was, when `oomKills` is not 0 and the kernel says. */
  readonly oomScope?: OomScope
  /** Most processes and threads at one time. */
  readonly peakPids?: number
  /** How often a process or thread was refused because of `pids`. */
  readonly pidsRefused?: number
}

/** What `update` did besides. */
export interface Updated {
  /** Things worth knowing, in words, e.g. `pids: 30 are running, 16 allowed: no new ones until they are fewer`. */
  readonly notes: readonly string[]
}

/** What to do when `memory.max` goes below what is in use. */
export type BelowUsage =
  /** ERR_LIMIT_BELOW_USAGE, and nothing is changed. */
  | 'reject'
  /** Take memory back first; ERR_LIMIT_BELOW_USAGE, and nothing is changed, where that does not suffice. */
  | 'reclaim'
  /** Let the kernel kill what does not fit. */
  | 'kill'

/**
 * Limits held for one container or one command. Its optional methods are there if and only if the driver's manifest has
 * the feature of that name (`account` also brings `cpuTimeMs`, `kill` brings `killAll`).
 */
export interface LimitLease {
  /** The keys it enforces: those asked for, also by `update`. */
  readonly enforced: readonly LimitKey[]
  /** What the kernel really has, read back; after an `update`, the new. Absent: exactly what was asked for. */
  readonly effective?: ParsedLimits
  /** What is weaker than asked for although it was allowed to be, in words; shows in results. Absent: nothing. */
  readonly degraded?: readonly string[]
  /** Read for each command anew, so that an `update` may change it. */
  readonly amendment: Amendment
  /**
   * Whether one of its limits ended the command; undefined when none did. Asked of the leases of a command and then of its
   * container, once per command, after its end and after `account`; may read the kernel's files, which answer at once. What
   * `account` shows need not be told again: the engine says `oom` when SIGKILL that nobody of us sent ended the main process
   * and `oomKills` is not 0, `pids` when a command failed and `pidsRefused` is not 0.
   */
  reason(end: ProcessEnd): EndReason | undefined
  /** What one command used, with everything that it started. Called once, after its end and before `release`. */
  account?(end: ProcessEnd): Account
  /** CPU time used until now by everything it holds, in milliseconds. The engine samples it to enforce `cpuTime`. */
  cpuTimeMs?(): number
  /** How things stand. Cheap: descriptors are kept open. @throws CaissonError ERR_CONTAINER_GONE */
  stats?(): ContainerStats
  /**
   * Changes limits while processes run: those named, the others stay. All or nothing: what was changed when one fails is
   * changed back.
   * @throws CaissonError ERR_LIMIT_RANGE, ERR_LIMIT_BELOW_USAGE, ERR_UNSUPPORTED
   */
  update?(limits: ParsedLimits, belowUsage: BelowUsage): Promise<Updated>
  /** Settles when every process stands still, or may go on. SIGKILL may wait for the thaw: the engine thaws what it kills. */
  freeze?(on: boolean): Promise<void>
  /** Kills every process it holds, whatever they fork meanwhile; settles when none is left. Idempotent. */
  killAll?(): Promise<void>
  /**
   * A container that stays stands: the host pid of its pid 1, before any command of it runs; all of them are its children.
   * For what can be done to processes only. One-shots have no such moment: a limit is enforced by the amendment.
   */
  attach?(pid: number): Promise<void>
  /** Called once for a container that stays. */
  watch?: Watch
  /**
   * It needs nothing of this process: the limits hold without it, and without `release`; acquired again for the same
   * container, it is the same. Default false: it cannot serve a detached container.
   */
  readonly durable?: boolean
  /** Gives everything back; kills first what is still there. Idempotent. */
  release(): Promise<void>
}

/** What limits are wanted for. */
export interface LimitRequest<L extends LimitKey = LimitKey> {
  /** The container's id: 32 hexadecimal digits. */
  readonly id: string
  /**
   * `container`: one that stays, shared by all its commands; `command`: one command of such a container; `one-shot`: a
   * container with its only command. The lease of a one-shot serves both: it is asked for `account` too.
   */
  readonly scope: 'container' | 'command' | 'one-shot'
  /**
   * Of a `container` that runs already, a detached one that was found again: the host pid of its pid 1. What holds it is found, and
   * nothing is made.
   */
  readonly running?: number
  /** Of a `command`: tells it from others of the container; letters and digits. */
  readonly command?: string
  /** Of a `command`: what this limiter holds for its container, if anything. */
  readonly container?: LimitLease
  /**
   * Parsed, and only what the manifest declares and `probe` did not call unsupported. None for a limiter that is wanted for
   * one of its features alone.
   */
  readonly limits: ParsedLimits<L>
}

/** Enforces limits. It never knows the isolation driver, nor that one it. */
export interface ResourceLimiter<L extends LimitKey = LimitKey> {
  /**
   * Takes hold of limits.
   * @throws CaissonError ERR_LIMIT_RANGE when the host cannot give the value; ERR_LIMIT, ERR_LIMIT_DEVICE,
   * ERR_LIMIT_DELEGATION
   */
  acquire(request: LimitRequest<L>): Promise<LimitLease>
  /**
   * Removes what dead processes left on the host, and nothing else; makes nothing. Called at an engine's start, which does not
   * wait for it, and by `prune()`. Absent: nothing of it is ever left.
   */
  sweep?(): Promise<void>
}
