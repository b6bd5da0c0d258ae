import { constants } from 'node:os'
import { PassThrough } from 'node:stream'
import type {
  Command,
  LaunchedProcess,
  ProcessEnd,
  ProcessStart,
  TerminalSize,
} from '@caisson/core'

/** What a fake program may do. */
export interface FakeProgram {
  readonly command: Command
  readonly stdin: PassThrough | undefined
  out(text: string | Uint8Array): Promise<void>
  err(text: string): Promise<void>
  exit(code: number): void
  /** Called for signals; true: handled, the program lives on. */
  onSignal: ((signal: NodeJS.Signals) => boolean) | undefined
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: ((value: T) => void) | undefined
  let reject: ((error: unknown) => void) | undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return {
    promise,
    resolve: (value) => resolve?.(value),
    reject: (error) => reject?.(error),
  }
}

/** A command without a kernel: a function plays the program. */
export class FakeProcess implements LaunchedProcess {
  readonly #started = deferred<ProcessStart>()
  readonly #ended = deferred<ProcessEnd>()
  readonly #command: Command
  readonly #captured = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  readonly #streams: { stdin?: PassThrough; stdout?: PassThrough; stderr?: PassThrough } = {}
  readonly signals: NodeJS.Signals[] = []
  /** Of the signals, those that were to end all it started too. */
  readonly finals: NodeJS.Signals[] = []
  readonly sizes: TerminalSize[] = []
  #program: FakeProgram | undefined
  #over = false

  constructor(command: Command) {
    this.#command = command
    if (command.stdin.kind === 'stream') this.#streams.stdin = new PassThrough()
    if (command.stdout === 'stream') this.#streams.stdout = new PassThrough()
    if (command.stderr === 'stream') this.#streams.stderr = new PassThrough()
  }

  get started(): Promise<ProcessStart> {
    return this.#started.promise
  }

  get ended(): Promise<ProcessEnd> {
    return this.#ended.promise
  }

  get over(): boolean {
    return this.#over
  }

  start(run: (program: FakeProgram) => unknown): void {
    const program: FakeProgram = {
      command: this.#command,
      stdin: this.#streams.stdin,
      out: async (text) => this.#write('stdout', text),
      err: async (text) => this.#write('stderr', text),
      exit: (code) => this.end(code, null),
      onSignal: undefined,
    }
    this.#program = program
    if (this.#command.reportStart) this.#started.resolve({ pid: 7, ...this.#streams })
    void Promise.resolve(run(program)).catch((error: unknown) => this.fail(error))
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size)
  }

  signal(signal: NodeJS.Signals, final = false): void {
    this.signals.push(signal)
    if (final) this.finals.push(signal)
    if (this.#over || constants.signals[signal] === undefined) return
    if (signal !== 'SIGKILL' && this.#program?.onSignal?.(signal) === true) return
    // never at once: a real one takes a message there and one back
    setImmediate(() => this.end(null, signal))
  }

  end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.#over) return
    this.#over = true
    this.#streams.stdout?.end()
    this.#streams.stderr?.end()
    this.#streams.stdin?.destroy()
    this.#started.resolve({ pid: 7 })
    const stdout = Buffer.concat(this.#captured.stdout)
    const stderr = Buffer.concat(this.#captured.stderr)
    this.#ended.resolve({
      pid: 7,
      exitCode,
      signal,
      userMs: 2,
      systemMs: 1,
      peakMemoryBytes: 4096,
      wallMs: 5,
      stdout,
      stderr,
      stdoutTotal: stdout.length,
      stderrTotal: stderr.length,
    })
  }

  fail(error: unknown): void {
    this.#over = true
    this.#started.promise.catch(() => {})
    this.#ended.promise.catch(() => {})
    this.#started.reject(error)
    this.#ended.reject(error)
  }

  async #write(name: 'stdout' | 'stderr', text: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(text)
    const stream = this.#streams[name]
    if (stream === undefined) {
      this.#captured[name].push(bytes)
      return
    }
    if (!stream.write(bytes)) await new Promise((resolve) => stream.once('drain', resolve))
  }
}
