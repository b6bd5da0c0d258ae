import { constants } from 'node:os'
import type { LaunchedProcess, ProcessEnd, ProcessStart, TerminalSize } from '@caisson/core'
import type { DirectOutput } from './direct-output.js'
import type { ExitedReply } from './protocol.generated.js'
import { signalName } from './signal-name.js'

const fullness: Readonly<Record<number, ProcessEnd['diskFull']>> = { 1: 'bytes', 2: 'inodes' }

/** What an `exited` frame says, in the contract's terms and units. */
export function processEnd(exited: ExitedReply): ProcessEnd {
  const signal = exited.status & 0x7f
  return {
    pid: exited.pid,
    exitCode: signal === 0 ? (exited.status >> 8) & 0xff : null,
    signal: signal === 0 ? null : signalName(signal),
    userMs: Number(exited.userUs) / 1000,
    systemMs: Number(exited.systemUs) / 1000,
    peakMemoryBytes: Number(exited.maxRssKiB) * 1024,
    wallMs: Number(exited.wallUs) / 1000,
    ...(exited.full === 0 ? {} : { diskFull: fullness[exited.full] ?? 'both' }),
    stdout: exited.stdout,
    stderr: exited.stderr,
    stdoutTotal: Number(exited.stdoutTotal),
    stderrTotal: Number(exited.stderrTotal),
  }
}

/** A promise that exists only once it is asked for: most commands are asked for one of two. */
class LazyPromise<T> {
  #outcome: { readonly value: T } | { readonly error: unknown } | undefined
  #promise: Promise<T> | undefined
  #resolve: ((value: T) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  get promise(): Promise<T> {
    this.#promise ??= this.#make()
    return this.#promise
  }

  resolve(value: T): void {
    if (this.#outcome) return
    this.#outcome = { value }
    this.#resolve?.(value)
  }

  reject(error: unknown): void {
    if (this.#outcome) return
    this.#outcome = { error }
    this.#reject?.(error)
  }

  #make(): Promise<T> {
    const outcome = this.#outcome
    if (outcome && 'value' in outcome) return Promise.resolve(outcome.value)
    const promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (outcome) reject(outcome.error)
    })
    // The same failure comes out of `started` and `ended`; whoever waits for one of them has not overlooked it.
    promise.catch(() => {})
    return promise
  }
}

/** What a command is told by the launcher. */
export interface CommandLine {
  signal(signo: number, final: boolean): void
  resize(size: TerminalSize): void
}

/** A command on its way, from before it is sent. */
export class LaunchedCommand implements LaunchedProcess {
  readonly #started = new LazyPromise<ProcessStart>()
  readonly #ended = new LazyPromise<ProcessEnd>()
  #line: CommandLine | undefined
  #early: ((line: CommandLine) => void)[] = []
  #over = false
  /** Where its stdout goes, if that is streamed and nobody is to read it as a stream. */
  output: DirectOutput | undefined

  get started(): Promise<ProcessStart> {
    return this.#started.promise
  }

  get ended(): Promise<ProcessEnd> {
    return this.#ended.promise
  }

  signal(signal: NodeJS.Signals, final = false): void {
    this.#tell((line) => line.signal(constants.signals[signal], final))
  }

  resize(size: TerminalSize): void {
    this.#tell((line) => line.resize(size))
  }

  /** The launcher has it: what it is told goes there from now on, what it was told before first. */
  sent(line: CommandLine): void {
    this.#line = line
    for (const tell of this.#early.splice(0)) tell(line)
  }

  #tell(tell: (line: CommandLine) => void): void {
    if (this.#over) return
    if (this.#line) tell(this.#line)
    else this.#early.push(tell)
  }

  start(start: ProcessStart): void {
    this.#started.resolve(start)
  }

  end(end: ProcessEnd): void {
    this.#over = true
    this.#started.resolve({ pid: end.pid })
    this.#ended.resolve(end)
  }

  fail(error: unknown): void {
    this.#over = true
    this.#started.reject(error)
    this.#ended.reject(error)
  }
}
