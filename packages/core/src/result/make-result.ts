import type { ProcessEnd } from '../contracts/process.js'
import type { CaissonError } from '../errors/caisson-error.js'
import { CommandFailed } from '../errors/command-failed.js'
import type { Account } from '../contracts/resource-limiter.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { EndReason } from './end-reason.js'
import type { ExecResult } from './exec-result.js'
import type { Protection } from './protection.js'
import type { OomScope, Usage } from './usage.js'

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
  readonly effective: ParsedLimits
  readonly degraded: readonly string[]
  readonly oomKills?: number | undefined
  readonly oomScope?: OomScope | undefined
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
  readonly effective: ParsedLimits
  readonly degraded: readonly string[]
  declare readonly oomKills?: number
  declare readonly oomScope?: OomScope
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
    this.effective = parts.effective
    this.degraded = parts.degraded
    if (parts.oomKills !== undefined) this.oomKills = parts.oomKills
    if (parts.oomScope !== undefined) this.oomScope = parts.oomScope
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

/** What the kernel counted: by a limiter where one did, else by rusage. */
export function usageOf(end: ProcessEnd, account?: Account): Usage {
  const { cpuMs, peakMemory } = account ?? {}
  const counted = account !== undefined && cpuMs !== undefined
  return Object.freeze({
    wallMs: end.wallMs,
    cpuMs: counted ? cpuMs : end.userMs + end.systemMs,
    userMs: counted ? (account.userMs ?? end.userMs) : end.userMs,
    systemMs: counted ? (account.systemMs ?? end.systemMs) : end.systemMs,
    peakMemory: peakMemory ?? end.peakMemoryBytes,
    source: counted ? account.source : 'rusage',
    memorySource: peakMemory === undefined ? 'rusage' : (account?.source ?? 'rusage'),
    approximate: !counted || peakMemory === undefined || account.approximate === true,
  })
}

/** Of a command that never ran. */
export const noUsage: Usage = Object.freeze({
  wallMs: 0,
  cpuMs: 0,
  userMs: 0,
  systemMs: 0,
  peakMemory: 0,
  source: 'rusage',
  memorySource: 'rusage',
  approximate: false,
})
