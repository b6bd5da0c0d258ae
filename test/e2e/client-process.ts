import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { checkout } from '../architecture/checkout.js'

/** A process of its own that uses an engine, talks in lines, and can be killed at any time. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  readonly #exited: Promise<unknown>

  /** @param body of a module in which `engine` and `say(value)` are there */
  constructor(stateDir: string, body: string) {
    const program = `
      import { createEngine } from 'caisson'
      const engine = await createEngine({ stateDir: ${JSON.stringify(stateDir)} })
      const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
      ${body}`
    this.#child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(this.#child, 'exit')
    const { stdout } = this.#child
    if (!stdout) throw new Error('no descriptors are left')
    this.#reader = createInterface({ input: stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** What it says next. */
  async heard(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the client process said no more')
    return JSON.parse(value)
  }

  async text(): Promise<string> {
    return String(await this.heard())
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Its exit code. */
  async exit(): Promise<number | null> {
    await this.#exited
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    this.#reader.close()
  }
}
