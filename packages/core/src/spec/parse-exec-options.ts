import type { TerminalSize } from '../contracts/process.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseBytes } from '../values/parse-bytes.js'
import { parseDuration } from '../values/parse-duration.js'
import { checkFields } from './check-fields.js'
import { containerOnlyFields, maxTimeoutMs, parseTimeout } from './parse-container-spec.js'
import { parseEnv, type EnvChanges } from './parse-env.js'
import { parseLimits } from './parse-limits.js'
import { parseAbsolutePath } from './parse-path.js'
import { parseSignal } from './parse-signal.js'
import type { ParsedLimits } from './parsed-limits.js'
import { parseTty } from './parse-tty.js'
import { parseGroups, parseUser } from './parse-user.js'

/** What a command reads, parsed. */
export type StdinSource =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'pipe' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'source'; readonly source: AsyncIterable<Uint8Array | string> }

/** Options of a command, parsed; undefined means: the container's. */
export interface ParsedExec {
  readonly cwd: string | undefined
  readonly env: EnvChanges | undefined
  readonly user: string | undefined
  readonly groups: readonly string[] | undefined
  readonly limits: ParsedLimits
  readonly timeoutMs: number | undefined
  readonly idleTimeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** 0: no grace. */
  readonly killGraceMs: number
  readonly tty: TerminalSize | undefined
  readonly stdin: StdinSource
  readonly maxOutputBytes: number
  readonly onOutputLimit: 'truncate' | 'kill'
  readonly encoding: 'utf8' | 'buffer'
  readonly stdout: NodeJS.WritableStream | undefined
  readonly stderr: NodeJS.WritableStream | undefined
}

const fields: ReadonlySet<string> = new Set(
  (
    'cwd env user groups limits timeout idleTimeout signal killGrace tty stdin maxOutput onOutputLimit ' +
    'encoding stdout stderr'
  ).split(' '),
)
const runFields: ReadonlySet<string> = new Set([...fields, ...containerOnlyFields])
const defaultMaxOutputBytes = 16 * 1024 ** 2
const maxMaxOutputBytes = 512 * 1024 ** 2
const ignore: StdinSource = Object.freeze({ kind: 'ignore' })
const pipe: StdinSource = Object.freeze({ kind: 'pipe' })

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array | string> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

function parseStdin(value: unknown, tty: boolean): StdinSource {
  // whoever asks for a terminal is about to type
  if (value === undefined) return tty ? pipe : ignore
  if (value === 'ignore') return ignore
  if (value === 'pipe') return pipe
  if (typeof value === 'string') return { kind: 'bytes', bytes: Buffer.from(value) }
  // a copy: the command may start after the caller has written over it
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: Uint8Array.from(value) }
  if (isAsyncIterable(value)) return { kind: 'source', source: value }
  const why = `must be 'ignore', 'pipe', text, bytes or a readable stream, not ${describeType(value)}`
  throw invalidArgument({ field: 'stdin', why })
}

function isWritable(value: unknown): value is NodeJS.WritableStream {
  if (typeof value !== 'object' || value === null) return false
  return 'write' in value && 'on' in value && typeof value.write === 'function'
}

function parseSink(value: unknown, field: string): NodeJS.WritableStream | undefined {
  if (value === undefined || isWritable(value)) return value
  throw invalidArgument({ field, why: `must be a writable stream, not ${describeType(value)}` })
}

function parseEncoding(value: unknown): 'utf8' | 'buffer' {
  if (value === undefined || value === 'utf8') return 'utf8'
  if (value === 'buffer') return value
  throw invalidArgument({ field: 'encoding', why: 'must be `utf8` or `buffer`' })
}

function parseOnOutputLimit(value: unknown): 'truncate' | 'kill' {
  if (value === undefined || value === 'truncate') return 'truncate'
  if (value === 'kill') return value
  throw invalidArgument({ field: 'onOutputLimit', why: 'must be `truncate` or `kill`' })
}

const defaults: ParsedExec = Object.freeze({
  cwd: undefined,
  env: undefined,
  user: undefined,
  groups: undefined,
  limits: Object.freeze({}),
  timeoutMs: undefined,
  idleTimeoutMs: undefined,
  signal: undefined,
  killGraceMs: 0,
  tty: undefined,
  stdin: ignore,
  maxOutputBytes: defaultMaxOutputBytes,
  onOutputLimit: 'truncate',
  encoding: 'utf8',
  stdout: undefined,
  stderr: undefined,
})

/**
 * Options of a command: validated, completed, frozen.
 * @throws TypeError or RangeError ERR_INVALID_SPEC, ERR_LIMIT_RANGE, ERR_ARGV_TOO_LARGE; each names the field
 */
export function parseExecOptions(value: unknown, declared: ReadonlySet<string>): ParsedExec {
  return value === undefined ? defaults : parseExecFields(checkFields(value, '', fields), declared)
}

/** Options of a one-shot: which of them concern the container is for the caller to sort out. */
export function checkRunOptions(value: unknown): Readonly<Record<string, unknown>> {
  return checkFields(value, '', runFields)
}

/** As `parseExecOptions`, for fields whose names are checked already; those of containers are left alone. */
export function parseExecFields(
  given: Readonly<Record<string, unknown>>,
  declared: ReadonlySet<string>,
): ParsedExec {
  const { cwd, env, user, groups, timeout, idleTimeout, maxOutput } = given
  return Object.freeze({
    cwd: cwd === undefined ? undefined : parseAbsolutePath(cwd, 'cwd'),
    env: env === undefined ? undefined : parseEnv(env, true),
    user: user === undefined ? undefined : parseUser(user, 'user'),
    groups: groups === undefined ? undefined : parseGroups(groups, 'groups'),
    limits: parseLimits(given['limits'], 'limits', declared),
    timeoutMs: timeout === undefined ? undefined : parseTimeout(timeout),
    idleTimeoutMs: idleTimeout === undefined ? undefined : parseTimeout(idleTimeout, 'idleTimeout'),
    signal: parseSignal(given['signal']),
    killGraceMs: parseDuration(given['killGrace'] ?? 0, 'killGrace', { max: maxTimeoutMs }),
    tty: given['tty'] === undefined ? undefined : parseTty(given['tty'], 'tty'),
    stdin: parseStdin(given['stdin'], given['tty'] !== undefined),
    maxOutputBytes:
      maxOutput === undefined
        ? defaultMaxOutputBytes
        : parseBytes(maxOutput, 'maxOutput', { max: maxMaxOutputBytes }),
    onOutputLimit: parseOnOutputLimit(given['onOutputLimit']),
    encoding: parseEncoding(given['encoding']),
    stdout: parseSink(given['stdout'], 'stdout'),
    stderr: parseSink(given['stderr'], 'stderr'),
  })
}
