import type { Feature, FeatureMethods } from '../contracts/features.js'
import type { ContainerNotice } from '../contracts/resource-limiter.js'
import type { Change } from '../result/change.js'
import type { ExecResult } from '../result/exec-result.js'
import type { ExecOptions } from '../spec/exec-options.js'
import type { LimitKey } from '../spec/limits.js'
import type { WaitOptions } from '../wait/wait-options.js'
import type { WaitTarget } from '../wait/wait-target.js'
import type { Duration } from '../values/duration.js'
import type { Output } from './decode-output.js'
import type { Exec } from './exec.js'
import type { ContainerState } from './state.js'
import type { TemplateValue } from './template-argv.js'

/** How a container is stopped. */
export interface StopOptions {
  /**
   * Time between SIGTERM to the main process of each running command and SIGKILL to everything; nothing waits longer than
   * the last command. Background processes get no SIGTERM, a paused container gets SIGKILL at once. Default 0.
   */
  readonly grace?: Duration
}

/** What happens to a container. */
export interface ContainerEvents {
  /** Its first command is sent. */
  readonly start: readonly []
  /** A command is called for; whoever takes its streams here gets them live. */
  readonly exec: readonly [Exec<Output>]
  /** A command ended. */
  readonly exit: readonly [ExecResult<Output>]
  /** The kernel killed a process for want of memory; told by drivers with the feature `watch`. */
  readonly oom: readonly [ContainerNotice]
  /** Something forbidden was tried and refused; told by drivers with the feature `watch`. */
  readonly violation: readonly [ContainerNotice]
  /** Nothing of it is left. */
  readonly removed: readonly []
}

/** A container that stays until it is removed. */
export interface ContainerBase<L extends LimitKey = LimitKey> extends AsyncDisposable {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly name: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** Host pid of its first process. */
  readonly pid: number
  /**
   * Runs a command. `args` are passed as they are; there is no shell.
   * The `Exec` rejects with ERR_CONTAINER_STATE (paused, stopped, removed), ERR_CONTAINER_GONE, ERR_UNSUPPORTED,
   * ERR_INVALID_SPEC and the codes of a start.
   */
  exec(
    cmd: string,
    args: readonly string[],
    options: ExecOptions<L> & { readonly encoding: 'buffer' },
  ): Exec<Uint8Array>
  exec(cmd: string, args?: readonly string[], options?: ExecOptions<L>): Exec
  /** Runs a script by the container's own /bin/sh. */
  sh(script: string, options: ExecOptions<L> & { readonly encoding: 'buffer' }): Exec<Uint8Array>
  sh(script: string, options?: ExecOptions<L>): Exec
  /** Runs a command written as a template; a value is one argument, an array several, whatever they hold. */
  $(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Exec
  /**
   * What the container changed in its root so far; also after `stop`.
   * @throws CaissonError ERR_CONTAINER_STATE when it is removed
   */
  changes(): AsyncIterable<Change>
  /**
   * Waits until something is there: a port, a line, a file, an answer, a command that succeeds. Looks at once, 10 ms later,
   * and then after twice as long each time, up to every 250 ms; lines are seen as they come.
   * @throws CaissonError ERR_WAIT_TIMEOUT saying what was seen last; ERR_WAIT_FAILED when the command or the container
   * ended; ERR_ABORTED; ERR_UNSUPPORTED; ERR_CONTAINER_STATE (stopped, removed); what a command rejects with
   */
  waitFor(target: WaitTarget, options?: WaitOptions): Promise<void>
  /**
   * Kills every process (reason `killed`); settles when none is left. Idempotent: called again with less grace, it hurries.
   * @throws TypeError or RangeError ERR_INVALID_SPEC
   */
  stop(options?: StopOptions): Promise<void>
  /** Stops it and gives everything back, what it wrote included. Idempotent. */
  remove(): Promise<void>
  /** Calls the listener at each event; the function returned takes it away again. */
  on<E extends keyof ContainerEvents>(
    event: E,
    listener: (...args: ContainerEvents[E]) => void,
  ): () => void
  /** The same as `remove`. */
  [Symbol.asyncDispose](): Promise<void>
}

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (
  value: infer I,
) => void
  ? I
  : never

/** A container with the methods that its drivers' features add. */
export type Container<L extends LimitKey = LimitKey, F extends Feature = never> = ContainerBase<L> &
  ([F] extends [never] ? unknown : Intersection<FeatureMethods[F]>)
