import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { CaissonError } from '@caisson/core'
import { execa } from 'execa'
import { throwIfGivenUp } from '../built-roots.js'
import { ToolFailure } from './tool-failure.js'

/** What is run. */
export interface ToolCall {
  /** The program's absolute path, and its arguments. */
  readonly argv: readonly [string, ...string[]]
  /** Added to what every tool gets: PATH, LC_ALL, the caller's proxies. */
  readonly env: Readonly<Record<string, string>>
  /** For messages, e.g. `mmdebstrap:bookworm`. */
  readonly subject: string
  readonly signal: AbortSignal | undefined
  /** Each line that it says: of stderr, and of stdout unless `output` takes that. */
  readonly onLine: (line: string) => void
  /** Takes its stdout. A failure of it ends the tool. */
  readonly output?: (bytes: AsyncIterable<Uint8Array>) => Promise<void>
  /** What a failure means, by what it said. */
  readonly explain: (lines: readonly string[], failure: ToolFailure) => CaissonError
}

const LINES_KEPT = 500
const LINES_SHOWN = 20
const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

/** Groups of processes that must not outlive this one. */
const groups = new Set<number>()

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // nobody is left of it
  }
}

function killAll(): void {
  for (const group of groups) killGroup(group)
}

function environment(own: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  }
  for (const name of proxies) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return { ...env, ...own }
}

async function readLines(stream: Readable, tell: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) tell(line)
}

/** What comes of it, failed or not. */
async function outcome(promise: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
}

/**
 * Runs a program of the host, in a group of processes of its own. When the signal is given, or this process ends, all of the
 * group are killed.
 * @throws CaissonError of `explain` when it fails, with a ToolFailure as cause; ERR_ABORTED; what `output` throws
 */
export async function runTool(call: ToolCall): Promise<void> {
  const { argv, signal, output } = call
  const [program, ...args] = argv
  throwIfGivenUp(signal, call.subject)
  const lines: string[] = []
  const tell = (line: string): void => {
    lines.push(line)
    if (lines.length > LINES_KEPT) lines.shift()
    call.onLine(line)
  }
  const child = execa(program, args, {
    detached: true,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    encoding: 'buffer',
    extendEnv: false,
    env: environment(call.env),
    cwd: '/',
  })
  const group = child.pid
  const kill = (): void => {
    if (group !== undefined) killGroup(group)
  }
  if (groups.size === 0) process.on('exit', killAll)
  if (group !== undefined) groups.add(group)
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const taken = output === undefined ? readLines(child.stdout, tell) : output(child.stdout)
    const said = outcome(readLines(child.stderr, tell))
    const got = await outcome(taken)
    // of a tool that ended first nothing whole can have come: its own word is the better one
    const ownFault = got !== undefined && !child.stdout.readableEnded
    // nobody reads what else it has to say
    if (ownFault) kill()
    const end = await child
    // what it started may hold the pipe still
    kill()
    await said
    throwIfGivenUp(signal, call.subject)
    if (end.failed && !ownFault) {
      const how = { exitCode: end.exitCode, signal: end.signal }
      throw call.explain(lines, new ToolFailure(argv, how, lines.slice(-LINES_SHOWN)))
    }
    if (got !== undefined) throw got.error
  } finally {
    signal?.removeEventListener('abort', kill)
    kill()
    if (group !== undefined) groups.delete(group)
    if (groups.size === 0) process.off('exit', killAll)
  }
}
