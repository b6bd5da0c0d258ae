import type {
  CommandOutput,
  LaunchedProcess,
  ProcessEnd,
  ProcessStart,
  TerminalSize,
} from '../contracts/process.js'
import { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { decideReason, type Deed } from '../result/decide-reason.js'
import type { ExecResult } from '../result/exec-result.js'
import { makeResult, usageOf } from '../result/make-result.js'
import { accountOf, degradedOf, effectiveOf, enforcedOf, verdictsOf } from './launch-limits.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'
import { watchCpuTime } from './cpu-clock.js'
import { decodeOutput, type Output } from './decode-output.js'
import { IdleWatch } from './idle-watch.js'
import type { CommandIo, CommandOpener, Launch } from './launch.js'
import { nameField } from './name-field.js'
import { notExecuted } from './not-executed.js'
import { OutputSink } from './output-sink.js'
import { OutputTap, type TapHooks } from './output-tap.js'
import { StdinFeed } from './stdin-feed.js'

const ignore = (): void => {}
const nextMicrotask = Promise.resolve()
const outputMode = (live: boolean): CommandOutput => (live ? 'stream' : 'capture')

/** One command from its call to its result. */
export class CommandRun {
  readonly stdin: StdinFeed
  readonly stdout: OutputTap
  readonly stderr: OutputTap
  readonly result: Promise<ExecResult<Output>>
  readonly #options: ParsedExec
  readonly #name: string
  readonly #opener: CommandOpener
  readonly #deeds: Deed[] = []
  readonly #degraded: string[] = []
  readonly #onStart: ((pid: number) => void)[] = []
  readonly #wanted = { stdout: false, stderr: false, start: false }
  #phase: 'waiting' | 'opening' | 'running' | 'ended' = 'waiting'
  #cancelled: CaissonError | undefined
  #process: LaunchedProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined
  #tty: TerminalSize | undefined
  #pid: number | undefined
  #idle: IdleWatch | undefined
  #stopCpuClock: () => void = ignore

  /** @param name of the command, for messages */
  constructor(name: string, options: ParsedExec, opener: CommandOpener) {
    this.#name = name
    this.#options = options
    this.#opener = opener
    this.#tty = options.tty
    this.stdin = new StdinFeed(options.stdin)
    const hooks = this.#tapHooks()
    this.stdout = new OutputTap(options.maxOutputBytes, hooks)
    this.stderr = new OutputTap(options.maxOutputBytes, hooks)
    this.#sink('stdout', options.stdout)
    this.#sink('stderr', options.stderr)
    this.result = this.#run()
  }

  /** Asks for something live; without effect once the command is sent. */
  want(what: 'stdout' | 'stderr' | 'start'): void {
    if (this.#phase === 'waiting') this.#wanted[what] = true
  }

  /** Tells the pid as soon as it is known, which may be now. */
  onStart(tell: (pid: number) => void): void {
    if (this.#pid === undefined) this.#onStart.push(tell)
    else tell(this.#pid)
  }

  /** Sends a signal for a reason; before the command runs, SIGKILL means that it will not. */
  act(deed: Deed, cause?: unknown): void {
    if (this.#phase === 'ended') return
    this.#deeds.push(deed)
    if (this.#process !== undefined) this.#process.signal(deed.signal, deed.final)
    else if (deed.signal === 'SIGKILL') this.#cancelled ??= this.#notWanted(deed, cause)
  }

  /** What only a reader of live output can see makes it live. */
  #tapHooks(): TapHooks {
    const { onOutputLimit, idleTimeoutMs } = this.#options
    const kills = onOutputLimit === 'kill'
    if (kills || idleTimeoutMs !== undefined) {
      this.#wanted.stdout = true
      this.#wanted.stderr = true
    }
    if (idleTimeoutMs !== undefined) {
      this.#idle = new IdleWatch(idleTimeoutMs, {
        stalled: () => this.stdout.stalled || this.stderr.stalled,
        idle: () => this.act({ reason: 'idle', signal: 'SIGKILL' }),
      })
    }
    return {
      activity: () => this.#idle?.touch(),
      overLimit: kills ? () => this.#overLimit() : undefined,
    }
  }

  /** Also when the command has exited meanwhile: it wrote too much all the same. */
  #overLimit(): void {
    this.#deeds.push({ reason: 'output-limit', signal: 'SIGKILL' })
    this.#process?.signal('SIGKILL')
  }

  /** Ends it for a reason: by SIGTERM, and by SIGKILL when the grace is over; without one, or before it runs, at once. */
  end(reason: Deed['reason'], graceMs: number, cause?: unknown): void {
    if (graceMs === 0 || this.#process === undefined) {
      this.act({ reason, signal: 'SIGKILL' }, cause)
      return
    }
    if (this.#phase === 'ended') return
    this.act({ reason, signal: 'SIGTERM', final: true })
    const kill = (): void => this.act({ reason, signal: 'SIGKILL' })
    this.#graceTimer ??= setTimeout(kill, graceMs)
  }

  /** @throws TypeError ERR_INVALID_SPEC without a terminal */
  resize(size: TerminalSize): void {
    if (this.#tty === undefined) {
      throw invalidArgument({
        field: 'size',
        why: 'the command has no terminal',
        fix: 'Pass `tty: { cols, rows }` with the command.',
      })
    }
    this.#tty = size
    if (this.#phase === 'running') this.#process?.resize?.(size)
  }

  #notWanted(deed: Deed, cause: unknown): CaissonError {
    return new CaissonError({
      code: 'ERR_ABORTED',
      what: 'command not run',
      subject: this.#name,
      why: `${deed.reason} before it started`,
      cause,
    })
  }

  #sink(name: 'stdout' | 'stderr', to: NodeJS.WritableStream | undefined): void {
    if (to === undefined) return
    this.#wanted[name] = true
    const failed = (error: unknown): void => {
      this.#degraded.push(`the stream given as ${name} failed: ${String(error)}`)
    }
    void new OutputSink(this[name], to, failed)
  }

  async #run(): Promise<ExecResult<Output>> {
    const { signal, killGraceMs } = this.#options
    const onAbort = (): void => this.end('aborted', killGraceMs, signal?.reason)
    let launch: Launch | undefined
    try {
      // the rest of the caller's tick, in which streams can still be asked for
      await nextMicrotask
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#cancelled !== undefined) throw this.#cancelled
      this.#phase = 'opening'
      const io = this.#io()
      launch = await this.#opener.open(io, () => this.#cancelled)
      return await this.#follow(launch, io)
    } catch (error) {
      return await this.#failed(error, launch)
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #io(): CommandIo {
    const stdin = this.stdin.seal()
    const { stdout, stderr, start } = this.#wanted
    const tty = this.#tty
    return {
      stdin,
      stdout: outputMode(stdout),
      // a terminal has one output
      stderr: tty === undefined ? outputMode(stderr) : 'null',
      reportStart: start || stdout || stderr || stdin.kind === 'stream',
      ...(tty === undefined ? {} : { tty }),
    }
  }

  async #follow(launch: Launch, io: CommandIo): Promise<ExecResult<Output>> {
    const { process } = launch
    this.#process = process
    this.#phase = 'running'
    // both reject when it never ran, and only one of them is waited for at a time
    process.ended.catch(ignore)
    process.started.catch(ignore)
    for (const { signal, final } of this.#deeds) process.signal(signal, final)
    if (this.#tty !== undefined && this.#tty !== io.tty) process.resize?.(this.#tty)
    const { timeoutMs, killGraceMs } = this.#options
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.end('wall-time', killGraceMs), timeoutMs)
    }
    this.#stopCpuClock = watchCpuTime(launch.own.parts, false, () =>
      this.act({ reason: 'cpu-time', signal: 'SIGKILL' }),
    )
    if (io.reportStart) this.#connect(await process.started, io)
    const end = await process.ended
    this.#over()
    if (io.stdout === 'stream' || io.stderr === 'stream') {
      await Promise.all([this.stdout.settle(io.stdout), this.stderr.settle(io.stderr)])
    }
    return this.#finish(end, launch, io)
  }

  #connect(start: ProcessStart, io: CommandIo): void {
    this.#started(start.pid)
    const missing = (['stdin', 'stdout', 'stderr'] as const).find(
      (name) =>
        (name === 'stdin' ? io.stdin.kind : io[name]) === 'stream' && start[name] === undefined,
    )
    if (missing !== undefined) {
      this.#process?.signal('SIGKILL')
      const why = `gives no ${missing} although a stream was asked for`
      throw new CaissonError({ code: 'ERR_DRIVER', what: 'isolation driver', why })
    }
    if (start.stdin !== undefined) {
      this.stdin.connect(start.stdin, (error) => {
        this.#degraded.push(`the stream given as stdin failed: ${String(error)}`)
      })
    }
    if (start.stdout !== undefined) this.stdout.connect(start.stdout)
    if (start.stderr !== undefined) this.stderr.connect(start.stderr)
    this.#idle?.start()
  }

  #started(pid: number): void {
    if (this.#pid !== undefined) return
    this.#pid = pid
    for (const tell of this.#onStart.splice(0)) tell(pid)
  }

  /** Nothing that is done from now on can have ended it. */
  #over(): void {
    this.#phase = 'ended'
    clearTimeout(this.#timer)
    this.#idle?.stop()
    this.#stopCpuClock()
    clearTimeout(this.#graceTimer)
    this.stdin.close()
  }

  async #finish(end: ProcessEnd, launch: Launch, io: CommandIo): Promise<ExecResult<Output>> {
    this.#started(end.pid)
    if (io.stdout === 'capture') this.stdout.complete(end.stdout, end.stdoutTotal)
    if (io.stderr === 'capture') this.stderr.complete(end.stderr, end.stderrTotal)
    if (io.stderr === 'null') this.stderr.end()
    const holding = launch.holding()
    const account = accountOf(launch, end)
    const reason = decideReason(end, this.#deeds, verdictsOf(launch, account))
    const limits = {
      enforced: enforcedOf(launch),
      effective: effectiveOf(launch),
      protections: holding.protections,
      degraded: [...launch.degraded, ...degradedOf(launch), ...holding.degraded, ...this.#degraded],
      oomKills: account?.oomKills,
      oomScope: account?.oomScope,
    }
    await launch.finish()
    return makeResult({
      reason,
      exitCode: end.exitCode,
      signal: end.signal,
      stdout: decodeOutput(this.stdout.bytes(), this.#options.encoding),
      stderr: decodeOutput(this.stderr.bytes(), this.#options.encoding),
      truncated: { stdout: this.stdout.truncated, stderr: this.stderr.truncated },
      usage: usageOf(end, account),
      ...limits,
    })
  }

  /** A command that cannot be executed is a result, as in a shell; everything else is the error it is. */
  async #failed(error: unknown, launch: Launch | undefined): Promise<ExecResult<Output>> {
    this.#over()
    nameField(error, this.#options)
    await launch?.finish()
    const killed = this.#deeds.find(({ signal }) => signal === 'SIGKILL')
    const result = notExecuted(error, this.#name, this.#options.encoding, launch?.degraded ?? [])
    if (result !== undefined) {
      const line = Buffer.from(result.stderr)
      this.stderr.complete(line, line.length)
      this.stdout.end()
      return result
    }
    this.stdout.end()
    this.stderr.end()
    if (killed === undefined || error === this.#cancelled) throw error
    throw this.#notWanted(killed, error)
  }
}
