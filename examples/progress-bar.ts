import type { WriteStream } from 'node:tty'

/** How far something is. */
export interface Progress {
  /** What is being done, e.g. `unpacking`. */
  readonly phase: string
  /** What it is done to now, e.g. a package. */
  readonly subject?: string
  /** How many of `total` are done. Without a total there is no bar, but the time that it takes. */
  readonly done?: number
  readonly total?: number
}

/** Where progress is shown; a terminal has `isTTY` and `columns`. */
export type ProgressOutput = Pick<NodeJS.WritableStream, 'write'> &
  Partial<Pick<WriteStream, 'isTTY' | 'columns'>>

const CELLS = 24
const REDRAW_MS = 100

function isTerminal(out: ProgressOutput): boolean {
  return out.isTTY === true && process.env['TERM'] !== 'dumb'
}

function bar(done: number, total: number): string {
  const full = Math.min(CELLS, Math.floor((done / total) * CELLS))
  return '█'.repeat(full) + '░'.repeat(CELLS - full)
}

/**
 * One line on a terminal that says how far something is, drawn again in its place ten times a second at most; elsewhere, in
 * files and pipes, a line when a phase begins, and none for what happens in it. Nothing is shown before the first `show`.
 */
export class ProgressBar implements Disposable {
  readonly #out: ProgressOutput
  readonly #terminal: boolean
  readonly #phases = new Set<string>()
  readonly #from = performance.now()
  #now: Progress | undefined
  #drawnAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(out: ProgressOutput = process.stdout) {
    this.#out = out
    this.#terminal = isTerminal(out)
  }

  show(progress: Progress): void {
    const isNew = !this.#phases.has(progress.phase)
    this.#phases.add(progress.phase)
    this.#now = progress
    if (!this.#terminal) {
      if (isNew) this.#out.write(`   ${progress.phase}\n`)
      return
    }
    // time goes on where nothing else does, so that nobody takes it for dead
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref()
    if (isNew || performance.now() - this.#drawnAt >= REDRAW_MS) this.#draw()
  }

  /** Takes the line away; the cursor is where it began. Idempotent; `show` begins anew. */
  clear(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#now !== undefined && this.#terminal) this.#out.write('\r\u001B[K')
    this.#now = undefined
  }

  [Symbol.dispose](): void {
    this.clear()
  }

  #draw(): void {
    if (this.#now === undefined) return
    this.#drawnAt = performance.now()
    const { phase, subject = '', done = 0, total = 0 } = this.#now
    const seconds = `${Math.floor((this.#drawnAt - this.#from) / 1000)} s`
    const parts = total > 0 ? [bar(done, total), `${done}/${total}`] : []
    const line = `   ${[...parts, seconds, phase, subject].filter(Boolean).join(' ')}`
    // a line that wraps could not be taken back; a terminal that was told no size says 0
    const room = (this.#out.columns || 80) - 1
    this.#out.write(`\r${line.slice(0, room)}\u001B[K`)
  }
}
