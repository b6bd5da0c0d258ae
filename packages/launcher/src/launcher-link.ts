import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { CaissonError } from '@caisson/core'
import { decodeReply, encodeRequest } from './codec.js'
import { FrameParser } from './frame-parser.js'
import type { Link, LinkEvents } from './link.js'
import type { RequestName, RequestTypes } from './protocol.generated.js'
import { StderrTail } from './stderr-tail.js'

/** Longest reply without captured output: a `failed` frame. */
const SMALL_REPLY_BYTES = 64 * 1024
/** How long a launcher may take to kill what it holds and leave, before it is killed itself. */
const END_GRACE_MS = 2000
/** How long the last words of a dead launcher are waited for: a container's process could hold its stderr open. */
const LAST_WORDS_MS = 250

/** The program to start. */
export interface LauncherProgram {
  readonly path: string
  readonly arguments: readonly string[]
}

/** Only what an instrumented build reads; nothing of the caller's environment reaches the launcher. */
function launcherEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS']) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

/**
 * Spawns it.
 * @throws CaissonError ERR_LAUNCHER_GONE when there are no processes or descriptors left for it
 */
function startProgram(program: LauncherProgram): {
  readonly child: ChildProcess
  readonly stderr: Readable
  readonly socket: Socket
} {
  try {
    const child = spawn(program.path, program.arguments, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: launcherEnvironment(),
      cwd: '/',
      // A session of its own: Ctrl-C in a terminal is Node's to answer, not the launcher's.
      detached: true,
    })
    // A listener from the first moment on: without one, a failed spawn ends Node.
    child.on('error', () => {})
    // Without descriptors left, Node makes no stdio at all, whatever its types say.
    const { stderr, stdio } = child as Partial<ChildProcess>
    const socket = stdio?.[3]
    if (!stderr || !(socket instanceof Socket)) throw new Error('no descriptors are left (EMFILE)')
    return { child, stderr, socket }
  } catch (cause) {
    throw new CaissonError({
      code: 'ERR_LAUNCHER_GONE',
      what: 'launcher',
      subject: program.path,
      why: `it could not be started: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
      retryable: true,
    })
  }
}

/**
 * A running launcher: its process, the control socket and the frames on it. It keeps Node alive only while something is
 * held.
 */
export class LauncherLink implements Link {
  readonly #child: ChildProcess
  readonly #socket: Socket
  readonly #stderr: StderrTail
  readonly #parser: FrameParser
  readonly #events: LinkEvents
  readonly #exited: Promise<void>
  readonly #program: LauncherProgram
  #holds = 0
  #state: 'alive' | 'lost' | 'ending' = 'alive'

  constructor(program: LauncherProgram, events: LinkEvents) {
    this.#program = program
    this.#events = events
    const { child, stderr, socket } = startProgram(program)
    this.#child = child
    this.#socket = socket
    this.#stderr = new StderrTail(stderr)
    this.#parser = new FrameParser(SMALL_REPLY_BYTES, (type, body) => {
      if (this.#state === 'alive') this.#events.reply(decodeReply(type, body))
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.once('error', (error) => {
        // Without a pid it never ran, and there will be no exit.
        if (this.#child.pid === undefined) resolve()
        this.#lose(`it could not be started (${error.message})`, error)
      })
    })
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#socket.on('error', () => this.#lose())
    this.#socket.on('close', () => this.#lose())
    this.#child.unref()
    this.#socket.unref()
    this.#stderr.unref()
  }

  /** Whether it can be sent something. */
  get alive(): boolean {
    return this.#state === 'alive'
  }

  /** Its process id; -1 when it never ran. */
  get pid(): number {
    return this.#child.pid ?? -1
  }

  send<N extends RequestName>(name: N, request: RequestTypes[N]): void {
    if (this.#state === 'alive') this.#socket.write(encodeRequest(name, request))
  }

  /** Replies may be this long from now on. */
  allow(bytes: number): void {
    this.#parser.allow(bytes + SMALL_REPLY_BYTES)
  }

  /** Keeps Node alive until `release`. */
  hold(): void {
    if (++this.#holds === 1) this.#socket.ref()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.unref()
  }

  abandon(why: string, cause?: unknown): void {
    this.#lose(why, cause)
  }

  /** Ends it: it kills everything it holds and leaves. Settles when it has. */
  async end(): Promise<void> {
    if (this.#state === 'alive') this.#state = 'ending'
    this.#child.ref()
    this.#socket.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_GRACE_MS)
    await this.#exited
    clearTimeout(timer)
    this.#socket.destroy()
    this.#stderr.destroy()
  }

  /** Leaves it alone: it lives on by itself, or ends for want of a client. */
  letGo(): void {
    this.#state = 'ending'
    this.#socket.destroy()
    this.#stderr.destroy()
  }

  #receive(chunk: Buffer): void {
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.#lose(
        `it broke the protocol (${error instanceof Error ? error.message : String(error)})`,
        error,
      )
    }
  }

  #lose(why?: string, cause?: unknown): void {
    if (this.#state !== 'alive') return
    this.#state = 'lost'
    if (this.#holds > 0) {
      this.#child.ref()
      this.#stderr.ref()
    }
    this.#child.kill('SIGKILL')
    this.#socket.destroy()
    void this.#report(why, cause)
  }

  async #report(why: string | undefined, cause: unknown): Promise<void> {
    await this.#exited
    await this.#stderr.closed(LAST_WORDS_MS)
    this.#stderr.destroy()
    const words = this.#stderr.text()
    const reason = why ?? this.#exitStatus()
    const error = new CaissonError({
      code: 'ERR_LAUNCHER_GONE',
      what: 'launcher',
      subject: this.#program.path,
      why: words === '' ? reason : `${reason}; it said: ${words}`,
      cause,
      retryable: true,
    })
    this.#events.lost(error)
  }

  #exitStatus(): string {
    const { exitCode, signalCode } = this.#child
    return signalCode === null
      ? `it ended with exit code ${exitCode}`
      : `it was ended by ${signalCode}`
  }
}
