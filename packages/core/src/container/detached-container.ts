import type { Feature } from '../contracts/features.js'
import type { LogChunk } from '../records/read-log.js'
import type { ExecResult } from '../result/exec-result.js'
import type { LimitKey } from '../spec/limits.js'
import type { Container } from './container.js'

/** What is read of a log. */
export interface LogOptions {
  /** Default `stdout`. */
  readonly stream?: 'stdout' | 'stderr'
  /** Bytes of the output to pass over; default 0. What is not kept any more is passed over too. */
  readonly from?: number
  /** Goes on with what comes, until the command has ended. Default false. */
  readonly follow?: boolean
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/**
 * What detached containers have besides. Their first command is their main one: its captured output is logged and its
 * result kept until the container is removed, whoever ran it and whoever watched. Of other commands both go when the
 * process that ran them has the result.
 */
export interface DetachedMethods {
  /**
   * The result of the main command, also when it ended long ago or was run by another process; waits for it. Why it ended
   * is `exit`, `signal` or a limit's reason: what another process did to it is not known here.
   * Rejects with ERR_CONTAINER_GONE, ERR_CONTAINER_BUSY (another process is connected), ERR_DETACHED, ERR_ABORTED.
   */
  wait(options?: { readonly signal?: AbortSignal }): Promise<ExecResult>
  /** What the main command wrote: at most `maxLog` of each stream, the latest. Needs no connection, also after its end. */
  logs(options?: LogOptions): AsyncIterable<LogChunk>
  /**
   * Lets go of it: it runs on, and another process may connect. Commands of this process that are under way reject with
   * ERR_DETACHED and run on. Idempotent; the next call connects again.
   */
  detach(): Promise<void>
  /** The same as `detach`: a detached container outlives whoever uses it. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A container that outlives the process that made it. */
export type DetachedContainer<L extends LimitKey = LimitKey, F extends Feature = never> = Container<
  L,
  F
> &
  DetachedMethods
