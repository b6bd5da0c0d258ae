import type { FileAccess } from '../contracts/file-access.js'
import type {
  Feature,
  Measurable,
  Pausable,
  StatsOptions,
  Updatable,
  UpdateOptions,
  UpdateResult,
  WithFiles,
} from '../contracts/features.js'
import { noHolding } from '../contracts/holding.js'
import type { IsolatedContainer } from '../contracts/isolation-driver.js'
import type { ContainerNotice } from '../contracts/resource-limiter.js'
import type { Deed } from '../result/decide-reason.js'
import { CaissonError } from '../errors/caisson-error.js'
import type { Change } from '../result/change.js'
import type { ContainerStats } from '../result/container-stats.js'
import { ContainerFiles } from '../files/container-files.js'
import type { Files } from '../files/files.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import type { Limits } from '../spec/limits.js'
import { parseArgv } from '../spec/parse-argv.js'
import { maxTimeoutMs } from '../spec/parse-container-spec.js'
import { parseExecOptions } from '../spec/parse-exec-options.js'
import { checkFields } from '../spec/check-fields.js'
import { parseDuration } from '../values/parse-duration.js'
import { parseText } from '../values/parse-text.js'
import { checkFeature } from './check-feature.js'
import { CommandRun } from './command-run.js'
import { Freezer } from './freezer.js'
import { failedRun } from './failed-run.js'
import { killable } from './killable.js'
import type { ContainerBase, ContainerEvents, StopOptions } from './container.js'
import type { Output } from './decode-output.js'
import { EventHub } from './event-hub.js'
import type { Exec } from './exec.js'
import { ExecHandle } from './exec-handle.js'
import type { CommandOpener } from './launch.js'
import { ContainerLimits } from './container-limits.js'
import type { HeldLimits } from './held-limits.js'
import type { LimitRouter } from './limit-router.js'
import { makeCommand } from './make-command.js'
import { StateMachine, type ContainerState } from './state.js'
import { templateArgv, type TemplateValue } from './template-argv.js'
import { waitFor, type Waited } from '../wait/wait-for.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'

/** What a container is made of. */
export interface ContainerParts {
  readonly id: string
  readonly spec: ContainerSpec
  readonly timeoutMs: number | undefined
  /** Where it stands; default `created`. */
  readonly state?: ContainerState
  readonly isolated: IsolatedContainer
  readonly held: HeldLimits
  readonly degraded: readonly string[]
  readonly limits: LimitRouter
  /** Of all drivers of the engine. */
  readonly features: ReadonlySet<Feature>
  /** Gives root and limits back, and forgets the container. Never rejects: says what failed. */
  readonly giveBack: () => Promise<readonly unknown[]>
  /** Hears of what fails where no caller waits for it. */
  readonly warn: (error: unknown) => void
}

/** The one implementation of `Container`. */
export class ContainerHandle implements ContainerBase, Pausable, Measurable, Updatable, WithFiles {
  readonly #parts: ContainerParts
  readonly #state: StateMachine
  readonly #events = new EventHub<ContainerEvents>()
  readonly #runs = new Set<CommandRun>()
  readonly #freezer: Freezer
  readonly #limits: ContainerLimits
  #stopping: Promise<void> | undefined
  #removing: Promise<void> | undefined
  #files: Files | undefined
  #gone = false
  // what was counted and not yet told comes when limits are given back
  #forgotten = false

  constructor(parts: ContainerParts) {
    this.#parts = parts
    this.#state = new StateMachine(parts.id, parts.state)
    const ending = (): boolean => this.#stopping !== undefined || this.#removing !== undefined
    this.#freezer = new Freezer(parts.id, this.#state, parts.held.leases, ending)
    const tell = (notice: ContainerNotice): void => {
      if (!this.#forgotten) this.#events.emit(notice.kind, notice)
    }
    this.#limits = new ContainerLimits({
      ...parts,
      state: this.#state,
      router: parts.limits,
      outOfTime: () => {
        this.end('cpu-time').catch(parts.warn)
      },
    })
    for (const watched of [parts.isolated, ...parts.held.leases]) watched.watch?.(tell)
    this.#watchEnd()
  }

  get id(): string {
    return this.#parts.id
  }

  get name(): string | undefined {
    return this.#parts.spec.name
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#parts.spec.labels
  }

  get state(): ContainerState {
    return this.#state.state
  }

  get pid(): number {
    return this.#parts.isolated.pid
  }

  exec(
    cmd: string,
    args: readonly string[],
    options: { readonly encoding: 'buffer' },
  ): Exec<Uint8Array>
  exec(cmd: string, args?: readonly string[], options?: object): Exec
  exec(cmd: unknown, args: unknown = [], options?: unknown): Exec<Output> {
    return this.#exec(() => parseArgv(Array.isArray(args) ? [cmd, ...args] : args), options)
  }

  sh(script: string, options: { readonly encoding: 'buffer' }): Exec<Uint8Array>
  sh(script: string, options?: object): Exec
  sh(script: unknown, options?: unknown): Exec<Output> {
    return this.#exec(() => ['/bin/sh', '-c', parseText(script, 'script')], options)
  }

  $(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Exec
  $(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Exec<Output> {
    // raw: backslashes quote as in a shell, and are not JavaScript's
    return this.#exec(() => parseArgv(templateArgv(strings.raw, values)), undefined)
  }

  get fs(): Files {
    this.#files ??= new ContainerFiles(() => this.fileAccess())
    return this.#files
  }

  changes(): AsyncIterable<Change> {
    if (this.state === 'removed') throw this.#state.refuse('list its changes')
    return this.#parts.isolated.changes()
  }

  async waitFor(target: unknown, options?: unknown): Promise<void> {
    if (this.state === 'stopped' || this.state === 'removed')
      throw this.#state.refuse('bring about anything')
    const { isolated, spec } = this.#parts
    const { gone, pid } = isolated
    const waited: Waited = {
      pid,
      gone,
      network: spec.network,
      exists: isolated.files === undefined ? undefined : (path) => this.fs.exists(path),
      exec: (argv, signal) => this.#exec(() => argv, { signal, maxOutput: 0 }),
    }
    await waitFor(waited, target, options)
  }

  async pause(): Promise<void> {
    await this.#freezer.pause()
  }

  async resume(): Promise<void> {
    await this.#freezer.resume()
  }

  async stats(): Promise<ContainerStats> {
    return this.#limits.stats()
  }

  statsStream(options?: StatsOptions): AsyncIterable<ContainerStats> {
    return this.#limits.statsStream(options)
  }

  async update(limits: Limits, options?: UpdateOptions): Promise<UpdateResult> {
    return this.#limits.update(limits, options)
  }

  async stop(options: StopOptions = {}): Promise<void> {
    const { grace = 0 } = checkFields(options, '', stopFields)
    await this.end('killed', parseDuration(grace, 'grace', { max: maxTimeoutMs }))
  }

  /** Stops it for a reason of its owner's. */
  async end(reason: Deed['reason'], graceMs = 0): Promise<void> {
    if (this.state === 'stopped' || this.state === 'removed') return
    if (this.#stopping !== undefined) for (const run of this.#runs) run.end(reason, graceMs)
    this.#stopping ??= this.#stop(reason, graceMs)
    await this.#stopping
  }

  async remove(): Promise<void> {
    if (this.state === 'removed') return
    this.#removing ??= this.#remove()
    await this.#removing
  }

  on<E extends keyof ContainerEvents>(
    event: E,
    listener: (...args: ContainerEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  /** Whether it stands there now, after whatever was waited for. */
  protected is(state: ContainerState): boolean {
    return this.state === state
  }

  /** Commands that have not ended. */
  protected get running(): number {
    return this.#runs.size
  }

  /** @throws CaissonError ERR_CONTAINER_STATE once it is removed, or about to be */
  protected checkThere(what: string): void {
    if (this.state === 'removed' || this.#removing !== undefined) throw this.#state.refuse(what)
  }

  /** Another one stands in its place now, in which nothing has run. */
  protected standsAgain(): void {
    this.#gone = false
    this.#state.enter('created')
    this.#limits.began()
    this.#watchEnd()
  }

  #watchEnd(): void {
    const { isolated, warn } = this.#parts
    const { pid } = isolated
    // the end of one that has been replaced is no news
    void isolated.gone.then(() => isolated.pid === pid && this.#wentAway(), warn)
  }

  #exec(argvOf: () => readonly string[], options: unknown): Exec<Output> {
    let run: CommandRun
    try {
      const argv = argvOf()
      const parsed = parseExecOptions(options, this.#parts.limits.declared)
      if (parsed.tty !== undefined) checkFeature(this.#parts.features, 'pty', 'tty')
      run = new CommandRun(argv[0] ?? '', this.#withDefaults(parsed), this.#opener(argv, parsed))
    } catch (error) {
      return new ExecHandle(failedRun(error))
    }
    this.#runs.add(run)
    run.result.then(
      (result) => {
        this.#runs.delete(run)
        this.#events.emit('exit', result)
      },
      () => this.#runs.delete(run),
    )
    const exec = new ExecHandle(run)
    this.#events.emit('exec', exec)
    return exec
  }

  #withDefaults(options: ParsedExec): ParsedExec {
    const { timeoutMs } = this.#parts
    return options.timeoutMs === undefined && timeoutMs !== undefined
      ? { ...options, timeoutMs }
      : options
  }

  #opener(argv: readonly string[], options: ParsedExec): CommandOpener {
    const { spec, isolated, held, limits, degraded, warn } = this.#parts
    limits.check(options.limits)
    return {
      open: async (io, cancelled) => {
        this.#checkOpen()
        const planned = limits.plan(options.limits, 'command', [], this.#limits.counted)
        const plan = 'then' in planned ? await planned : planned
        const own = await this.#limits.hold(plan)
        try {
          const error = cancelled()
          if (error !== undefined) throw error
          this.#checkOpen()
          const command = makeCommand(argv, spec, options, io, own.amendments)
          const process = killable(isolated.exec(command), held.leases, this.#freezer, warn)
          this.#start()
          return {
            process,
            own,
            outer: held,
            degraded: [...degraded, ...plan.degraded],
            holding: () => isolated.holding?.(command) ?? noHolding,
            finish: async () => {
              for (const failure of await own.release()) warn(failure)
            },
          }
        } catch (error) {
          for (const failure of await own.release()) warn(failure)
          throw error
        }
      },
    }
  }

  /** @throws CaissonError ERR_CONTAINER_STATE, ERR_UNSUPPORTED */
  protected fileAccess(): FileAccess {
    if (this.state === 'removed' || this.#removing !== undefined)
      throw this.#state.refuse('have its files read or written')
    const access = this.#parts.isolated.files?.()
    if (access !== undefined) return access
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'files',
      subject: this.id.slice(0, 12),
      field: 'isolation',
      why: 'its isolation driver has not the feature `files`',
    })
  }

  #start(): void {
    if (this.state !== 'created') return
    this.#state.enter('running')
    this.#events.emit('start')
  }

  /** @throws CaissonError ERR_CONTAINER_STATE, ERR_CONTAINER_GONE */
  #checkOpen(): void {
    if (this.#gone) {
      throw new CaissonError({
        code: 'ERR_CONTAINER_GONE',
        what: 'container',
        subject: this.id.slice(0, 12),
        why: this.#parts.isolated.whyGone,
      })
    }
    if (this.#stopping !== undefined || this.#removing !== undefined) {
      throw this.#state.refuse('run a command: it is being stopped')
    }
    if (this.state !== 'created' && this.state !== 'running') {
      throw this.#state.refuse('run a command')
    }
  }

  async #stop(reason: Deed['reason'], graceMs: number): Promise<void> {
    try {
      const runs = [...this.#runs]
      const grace = this.state === 'paused' ? 0 : graceMs
      for (const run of runs) run.end(reason, grace)
      const settled = runs.map(async (run) => run.result.then(ignore, ignore))
      if (grace > 0) await Promise.all(settled)
      const stopped = this.#parts.isolated.stop()
      // frozen processes may die only when they thaw; SIGKILL is there before, so that they do nothing else
      const thawed = this.#freezer.cold ? this.#freezer.thaw().catch(this.#parts.warn) : undefined
      await stopped
      await thawed
      await Promise.all(settled)
      if (this.state !== 'stopped') this.#state.enter('stopped')
      this.#limits.ended()
    } finally {
      // done, or to be tried again
      this.#stopping = undefined
    }
  }

  async #remove(): Promise<void> {
    try {
      await this.end('killed')
      await this.#parts.isolated.remove()
    } finally {
      this.#removing = undefined
    }
    this.#state.enter('removed')
    const failures = await this.#parts.giveBack()
    this.#forgotten = true
    this.#events.emit('removed')
    for (const failure of failures) this.#parts.warn(failure)
  }

  #wentAway(): void {
    if (this.#stopping !== undefined || this.#removing !== undefined) return
    if (this.state === 'stopped' || this.state === 'removed') return
    this.#gone = true
    this.#state.enter('stopped')
    this.#limits.ended()
  }
}

const ignore = (): void => {}

const stopFields: ReadonlySet<string> = new Set(['grace'])
