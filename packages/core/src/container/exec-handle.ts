import { StringDecoder } from 'node:string_decoder'
import type { ExecResult } from '../result/exec-result.js'
import { parseTty } from '../spec/parse-tty.js'
import type { TerminalSize } from '../contracts/process.js'
import type { CommandRun } from './command-run.js'
import type { Output } from './decode-output.js'
import { EventQueue } from './event-queue.js'
import type { Exec, ExecEvent } from './exec.js'
import { OutputStream } from './output-stream.js'

const ignore = (): void => {}

/** What callers hold of a command. */
export class ExecHandle implements Exec<Output> {
  readonly #run: CommandRun
  #pid: Promise<number> | undefined
  #stdout: OutputStream | undefined
  #stderr: OutputStream | undefined

  constructor(run: CommandRun) {
    this.#run = run
  }

  get pid(): Promise<number> {
    this.#pid ??= this.#makePid()
    return this.#pid
  }

  #makePid(): Promise<number> {
    this.#run.want('start')
    const pid = new Promise<number>((resolve, reject) => {
      this.#run.onStart(resolve)
      this.#run.result.then(ignore, reject)
    })
    // whoever awaits it sees its rejection; whoever does not has the result's
    pid.catch(ignore)
    return pid
  }

  get stdin(): NodeJS.WritableStream {
    return this.#run.stdin.writable
  }

  get stdout(): NodeJS.ReadableStream {
    this.#run.want('stdout')
    this.#stdout ??= new OutputStream(this.#run.stdout)
    return this.#stdout
  }

  get stderr(): NodeJS.ReadableStream {
    this.#run.want('stderr')
    this.#stderr ??= new OutputStream(this.#run.stderr)
    return this.#stderr
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being awaited is what it is for
  then<T = ExecResult<Output>, R = never>(
    onFulfilled?: ((result: ExecResult<Output>) => T | PromiseLike<T>) | null,
    onRejected?: ((error: unknown) => R | PromiseLike<R>) | null,
  ): Promise<T | R> {
    return this.#run.result.then(onFulfilled, onRejected)
  }

  catch<T = never>(
    onRejected: (error: unknown) => T | PromiseLike<T>,
  ): Promise<ExecResult<Output> | T> {
    return this.#run.result.catch(onRejected)
  }

  finally(onFinally: () => void): Promise<ExecResult<Output>> {
    return this.#run.result.finally(onFinally)
  }

  [Symbol.asyncIterator](): AsyncIterator<ExecEvent<Output>> {
    const run = this.#run
    run.want('start')
    run.want('stdout')
    run.want('stderr')
    const queue = new EventQueue()
    run.onStart((pid) => queue.push({ type: 'start', pid }))
    queue.listen(run.stdout, 'stdout')
    queue.listen(run.stderr, 'stderr')
    run.result.then(
      (result) => {
        queue.push({ type: 'end', result })
        queue.close()
      },
      (error: unknown) => queue.close({ error }),
    )
    return queue
  }

  lines(): AsyncIterable<string> {
    this.#run.want('stdout')
    return linesOf(new OutputStream(this.#run.stdout), this.#run.result)
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    // whoever kills it is not surprised that it did not run
    const settled = this.#run.result.then(ignore, ignore)
    this.#run.act({ reason: 'killed', signal })
    if (signal === 'SIGKILL') await settled
  }

  resize(size: TerminalSize): void {
    this.#run.resize(parseTty(size, 'size'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  result: Promise<unknown>,
): AsyncGenerator<string> {
  // awaited below; until then its rejection is nobody's
  result.catch(ignore)
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  rest += decoder.end()
  if (rest !== '') yield rest
  await result
}
