import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../architecture/checkout.js'

/** What came of a run. */
export interface Ran {
  readonly code: number | null
  readonly output: string
}

export interface RunOptions {
  /** Default 2. */
  readonly lanes?: number
  /** Default 60 s. */
  readonly limitMs?: number
  readonly alone?: readonly string[]
}

const program = `
  import { planBatches } from './scripts/test/batches.mjs'
  import { runBatches } from './scripts/test/run-batches.mjs'
  const { files, alone, seconds, lanes, limitMs } = JSON.parse(process.argv[1])
  const { code } = await runBatches(planBatches(files, { alone, seconds }), { lanes, limitMs, mochaArgs: [] })
  process.exitCode = code
`

/** Test files of a test, and the runner over them: each is a batch of its own. */
export class TestFiles implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'caisson-runner-test-'))
  readonly #files: string[] = []

  /** Adds a file with these tests; its path. */
  add(name: string, text: string): string {
    const path = join(this.directory, `${name}.test.mjs`)
    writeFileSync(path, text)
    this.#files.push(path)
    return path
  }

  /** The runner's process, and what will have come of it. */
  start({ lanes = 2, limitMs = 60_000, alone = [] }: RunOptions = {}): {
    readonly child: ChildProcess
    readonly ran: Promise<Ran>
  } {
    const seconds = Object.fromEntries(this.#files.map((path) => [path, 100]))
    const order = JSON.stringify({ files: this.#files, alone, seconds, lanes, limitMs })
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, order], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const finish = async (): Promise<Ran> => {
      await once(child, 'close')
      return { code: child.exitCode, output: Buffer.concat(chunks).toString() }
    }
    return { child, ran: finish() }
  }

  run(options?: RunOptions): Promise<Ran> {
    return this.start(options).ran
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}
