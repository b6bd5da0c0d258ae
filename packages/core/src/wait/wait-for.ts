import type { Output } from '../container/decode-output.js'
import type { Exec } from '../container/exec.js'
import { CaissonError } from '../errors/caisson-error.js'
import { checkFields, plainObject } from '../spec/check-fields.js'
import { parseTimeout } from '../spec/parse-container-spec.js'
import { parseSignal } from '../spec/parse-signal.js'
import { httpProbe } from './http-probe.js'
import { listeningProbe } from './listening.js'
import { parseWaitTarget, type ParsedTarget } from './parse-wait-target.js'
import type { WaitProbe } from './probe.js'
import { waitForLog } from './wait-for-log.js'
import { waitUntil } from './wait-until.js'

const defaultTimeoutMs = 30_000
const optionFields: ReadonlySet<string> = new Set(['timeout', 'signal'])

/** The container that something is waited for in. */
export interface Waited {
  /** Host pid of its first process. */
  readonly pid: number
  readonly network: 'none' | 'host'
  /** Settles when no process of it is left. */
  readonly gone: Promise<void>
  /** Absent: nobody can tell. */
  readonly exists: ((path: string) => Promise<boolean>) | undefined
  exec(argv: readonly string[], signal: AbortSignal): Exec<Output>
}

function unsupported(field: string, why: string, fix: string): CaissonError {
  return new CaissonError({ code: 'ERR_UNSUPPORTED', what: 'waitFor', field, why, fix })
}

function fileProbe(container: Waited, path: string): WaitProbe {
  const { exists } = container
  if (exists === undefined) {
    const why = 'the isolation driver cannot look into the root of a container'
    throw unsupported('file', why, "Wait for a command: `{ cmd: ['test', '-e', path] }`.")
  }
  return {
    subject: `file ${path}`,
    look: async () => (await exists(path)) || 'it is not there',
  }
}

function commandProbe(container: Waited, argv: readonly string[]): WaitProbe {
  return {
    subject: `command ${argv.join(' ')}`,
    async look(signal) {
      const { ok, exitCode, reason } = await container.exec(argv, signal)
      return ok || (exitCode === null ? reason : `exit code ${exitCode}`)
    },
  }
}

function probeFor(
  target: Exclude<ParsedTarget, { readonly kind: 'log' }>,
  container: Waited,
): WaitProbe {
  switch (target.kind) {
    case 'port':
      return listeningProbe(container.pid, target.port, target.host)
    case 'file':
      return fileProbe(container, target.path)
    case 'http':
      if (container.network === 'host') return httpProbe(target.url, target.status)
      throw unsupported(
        'http',
        'the container has a network of its own, into which the host has no way',
        "Wait for `{ port }`, or make the container with `network: 'host'`.",
      )
    case 'cmd':
    default:
      return commandProbe(container, target.argv)
  }
}

/** Why a wait was given up; the first reason stays. */
class GivenUp {
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []
  #error: CaissonError | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get error(): CaissonError | undefined {
    return this.#error
  }

  because(error: CaissonError): void {
    this.#error ??= error
    this.#controller.abort(this.#error)
  }

  after(ms: number, error: () => CaissonError): void {
    const timer = setTimeout(() => this.because(error()), ms)
    this.#undo.push(() => clearTimeout(timer))
  }

  on(signal: AbortSignal | undefined, error: (cause: unknown) => CaissonError): void {
    const onAbort = (): void => this.because(error(signal?.reason))
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#undo.push(() => signal?.removeEventListener('abort', onAbort))
  }

  over(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }
}

/**
 * Waits for something in a container.
 * @throws CaissonError ERR_WAIT_TIMEOUT, ERR_WAIT_FAILED, ERR_ABORTED, ERR_UNSUPPORTED, ERR_INVALID_SPEC
 */
export async function waitFor(container: Waited, what: unknown, options: unknown): Promise<void> {
  const target = parseWaitTarget(what)
  const given =
    options === undefined ? {} : checkFields(plainObject(options, 'options'), '', optionFields)
  const timeoutMs =
    given['timeout'] === undefined ? defaultTimeoutMs : parseTimeout(given['timeout'])
  const signal = parseSignal(given['signal'])
  const probe = target.kind === 'log' ? undefined : probeFor(target, container)
  const subject = probe?.subject ?? (target.kind === 'log' ? `line ${String(target.log)}` : '')
  let last = 'nothing yet'
  const saw = (sight: string): void => {
    last = sight
  }
  const failure = (code: CaissonError['code'], why: string, cause?: unknown): CaissonError =>
    new CaissonError({ code, what: 'waitFor', subject, why, cause })
  const givenUp = new GivenUp()
  givenUp.after(timeoutMs, () =>
    failure('ERR_WAIT_TIMEOUT', `not within ${timeoutMs} ms; seen last: ${last}`),
  )
  givenUp.on(signal, (cause) => failure('ERR_ABORTED', `given up; seen last: ${last}`, cause))
  void container.gone.then(
    () => givenUp.because(failure('ERR_WAIT_FAILED', `the container ended; seen last: ${last}`)),
    () => {},
  )
  try {
    if (target.kind === 'log') await waitForLog(target.log, target.of, givenUp.signal, saw)
    else if (probe !== undefined) await waitUntil(probe, givenUp.signal, saw)
  } catch (error) {
    throw givenUp.error ?? error
  } finally {
    givenUp.over()
  }
}
