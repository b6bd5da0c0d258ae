import { join } from 'node:path'
import type { IsolatedDetached } from '../contracts/detach.js'
import type { UpdateOptions, UpdateResult } from '../contracts/features.js'
import { noHolding } from '../contracts/holding.js'
import { isMarkAlive } from '../host/process-mark.js'
import type { ContainerRecord } from '../records/container-record.js'
import { readLog, type LogChunk } from '../records/read-log.js'
import { decideReason } from '../result/decide-reason.js'
import type { ExecResult } from '../result/exec-result.js'
import { makeResult, usageOf } from '../result/make-result.js'
import { checkFields } from '../spec/check-fields.js'
import { parseExecOptions } from '../spec/parse-exec-options.js'
import { parseFlag } from '../spec/parse-flag.js'
import type { Limits } from '../spec/limits.js'
import { parseSignal } from '../spec/parse-signal.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { parseInteger } from '../values/parse-number.js'
import type { ContainerParts } from './container-handle.js'
import { ReplaceableContainer } from './replaceable.js'
import { SnapshotHandle } from './snapshot-handle.js'
import { decodeOutput } from './decode-output.js'
import type { DetachedMethods, LogOptions } from './detached-container.js'
import { diskVerdict } from './launch-limits.js'
import type { CommandIo } from './launch.js'
import { makeCommand } from './make-command.js'
import { notDetached } from './no-store.js'
import { notExecuted } from './not-executed.js'

const logFields: ReadonlySet<string> = new Set(['stream', 'from', 'follow', 'signal'])
const waitFields: ReadonlySet<string> = new Set(['signal'])
const noNames: ReadonlySet<string> = new Set()
const captured: CommandIo = {
  stdin: { kind: 'null' },
  stdout: 'capture',
  stderr: 'capture',
  reportStart: false,
}

/** What a detached container is made of. */
export interface DetachedParts extends ContainerParts {
  readonly isolated: IsolatedDetached
  readonly record: ContainerRecord
  /** Of its record. */
  readonly directory: string
  /** Its limits have changed: whoever finds it later is to hear of it. */
  readonly changed: (effective: ParsedLimits) => void
}

/** The one implementation of `DetachedContainer`. */
export class DetachedHandle extends SnapshotHandle implements DetachedMethods {
  readonly #detached: DetachedParts

  constructor(parts: DetachedParts) {
    // what it wrote is kept by no process, and cannot be by this one
    super({ ...parts, isolated: new ReplaceableContainer(parts.isolated), keeper: undefined })
    this.#detached = parts
  }

  protected override noKeeper(what: string): CaissonError {
    return notDetached(what)
  }

  async wait(options: { readonly signal?: AbortSignal } = {}): Promise<ExecResult> {
    const signal = parseSignal(checkFields(options, 'options', waitFields)['signal'])
    const { isolated, held, record } = this.#detached
    try {
      const end = await isolated.firstEnd(signal)
      const first = makeCommand(
        ['command'],
        record.spec,
        parseExecOptions(undefined, noNames),
        captured,
        [],
      )
      const holding = isolated.holding?.(first) ?? noHolding
      return makeResult({
        reason: decideReason(end, [], [...held.verdicts, diskVerdict]),
        exitCode: end.exitCode,
        signal: end.signal,
        stdout: textOf(end.stdout),
        stderr: textOf(end.stderr),
        truncated: {
          stdout: end.stdoutTotal > end.stdout.length,
          stderr: end.stderrTotal > end.stderr.length,
        },
        usage: usageOf(end),
        enforced: record.enforced,
        effective: held.effective(),
        protections: holding.protections,
        degraded: [...record.degraded, ...holding.degraded],
      })
    } catch (error) {
      const result = notExecuted(error, 'command', 'utf8', record.degraded)
      if (result === undefined) throw error
      return makeResult({ ...result, stdout: '', stderr: String(result.stderr) })
    }
  }

  logs(options: LogOptions = {}): AsyncIterable<LogChunk> {
    const given = checkFields(options, 'options', logFields)
    const { record, directory } = this.#detached
    const { stream = 'stdout', from = 0 } = given
    if (stream !== 'stdout' && stream !== 'stderr') {
      throw invalidArgument({ field: 'stream', why: 'must be `stdout` or `stderr`' })
    }
    return readLog({
      directory: join(directory, 'logs'),
      segmentBytes: Math.floor(record.maxLogBytes / 2),
      stream,
      from: parseInteger(from, 'from', { min: 0 }),
      follow: parseFlag(given['follow'], 'follow', false),
      signal: parseSignal(given['signal']),
      isAlive: () => isMarkAlive(record.holder.owner),
    })
  }

  override async update(limits: Limits, options?: UpdateOptions): Promise<UpdateResult> {
    const result = await super.update(limits, options)
    this.#detached.changed(result.effective)
    return result
  }

  async detach(): Promise<void> {
    await this.#detached.isolated.detach()
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.detach()
  }
}

function textOf(bytes: Uint8Array): string {
  return String(decodeOutput(bytes, 'utf8'))
}
