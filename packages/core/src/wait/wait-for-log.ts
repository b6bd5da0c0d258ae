import { StringDecoder } from 'node:string_decoder'
import type { Exec } from '../container/exec.js'
import { CaissonError } from '../errors/caisson-error.js'

// A line without an end is looked at in its last part only
const maxLineChars = 64 * 1024

class LineSearch {
  readonly #decoder = new StringDecoder('utf8')
  readonly #wanted: string | RegExp
  #rest = ''
  #last = ''

  constructor(wanted: string | RegExp) {
    // with `g` or `y` a second look would start where the first one ended
    this.#wanted =
      typeof wanted === 'string'
        ? wanted
        : new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, ''))
  }

  /** The newest line that is not empty. */
  get last(): string {
    return this.#last
  }

  find(data: Uint8Array): boolean {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(data))).split('\n')
    const found = lines.some((line) => this.#matches(line))
    this.#last = lines.findLast((line) => line !== '') ?? this.#last
    // the last one has no end yet, or is empty
    this.#rest = (lines.pop() ?? '').slice(-maxLineChars)
    return found
  }

  #matches(line: string): boolean {
    return typeof this.#wanted === 'string' ? line.includes(this.#wanted) : this.#wanted.test(line)
  }
}

async function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

/**
 * Reads a command's output until a line is there; then the command runs on, unread.
 * @throws CaissonError ERR_WAIT_FAILED when it ended without, and what the command rejects with; the signal's reason
 */
export async function waitForLog(
  wanted: string | RegExp,
  of: Exec<string | Uint8Array>,
  signal: AbortSignal,
  saw: (what: string) => void,
): Promise<void> {
  const searches = { stdout: new LineSearch(wanted), stderr: new LineSearch(wanted) }
  const events = of[Symbol.asyncIterator]()
  const given = cancelled(signal)
  // nobody may be waiting for it any more
  given.catch(() => {})
  try {
    for (;;) {
      const next = await Promise.race([events.next(), given])
      if (next.done === true) return
      const event = next.value
      if (event.type === 'start') continue
      if (event.type === 'end') {
        const { reason, exitCode, signal: by } = event.result
        throw new CaissonError({
          code: 'ERR_WAIT_FAILED',
          what: 'wait for a line',
          subject: String(wanted),
          why: `the command ended without it (${reason}, ${by ?? `exit code ${exitCode}`})`,
        })
      }
      const search = searches[event.type]
      if (search.find(event.data)) return
      if (search.last !== '') saw(JSON.stringify(search.last.slice(-200)))
    }
  } finally {
    await events.return?.()
  }
}
