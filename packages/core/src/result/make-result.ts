import type { ProcessEnd } from '../contracts/process.js'
import type { CaissonError } from '../errors/caisson-error.js'
import { CommandFailed } from '../errors/command-failed.js'
import type { LimitKey } from '../spec/limits.js'
import type { EndReason } from './end-reason.js'
import type { ExecResult } from './exec-result.js'
import type { Protection } from './protection.js'
import type { Usage } from './usage.js'

/** What a result is made of. */
export interface ResultParts<O> {
  readonly reason: EndReason
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: O
  readonly stderr: O
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean }
  readonly usage: Usage
  readonly enforced: readonly LimitKey[]
  readonly protections: readonly Protection[]
  readonly degraded: readonly string[]
  readonly error?: CaissonError
}

class Result<O extends string | Uint8Array> implements ExecResult<O> {
  readonly ok: boolean
  readonly reason: EndReason
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: O
  readonly stderr: O
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean }
  readonly usage: Usage
  readonly enforced: readonly LimitKey[]
  readonly protections: readonly Protection[]
  readonly degraded: readonly string[]
  declare readonly error?: CaissonError

  constructor(parts: ResultParts<O>) {
    this.ok = parts.reason === 'exit' && parts.exitCode === 0
    this.reason = parts.reason
    this.exitCode = parts.exitCode
    this.signal = parts.signal
    this.stdout = parts.stdout
    this.stderr = parts.stderr
    this.truncated = parts.truncated
    this.usage = parts.usage
    this.enforced = parts.enforced
    this.protections = parts.protections
    this.degraded = parts.degraded
    if (parts.error !== undefined) this.error = parts.error
    Object.freeze(this)
  }

  unwrap(): this {
    if (this.ok) return this
    throw new CommandFailed(this)
  }
}
Object.defineProperty(Result, 'name', { value: 'ExecResult' })

/** A frozen result. */
export function makeResult<O extends string | Uint8Array>(parts: ResultParts<O>): ExecResult<O> {
  return new Result(parts)
}

/** What the kernel counted. */
export function usageOf(end: ProcessEnd): Usage {
  return {
    wallMs: end.wallMs,
    cpuMs: end.userMs + end.systemMs,
    userMs: end.userMs,
    systemMs: end.systemMs,
    peakMemory: end.peakMemoryBytes,
    source: 'rusage',
  }
}

/** Of a command that never ran. */
export const noUsage: Usage = Object.freeze({
  wallMs: 0,
  cpuMs: 0,
  userMs: 0,
  systemMs: 0,
  peakMemory: 0,
  source: 'rusage',
})
