import type {
  FileAccess,
  LaunchCommand,
  LaunchedContainer,
  LaunchedProcess,
  ProcessStep,
  UpperEntry,
} from '@caisson/core'
import { CaissonError, isCaissonError } from '@caisson/core'
import { FileServer } from './files/file-server.js'
import { LaunchedCommand } from './launched-command.js'
import { listUpper } from './list-upper.js'
import { runWorker } from './run-worker.js'
import { whyGone } from './why-gone.js'

/** Work of the launcher's on what a container wrote, without the numbers. */
export type WorkerRequest =
  | {
      readonly name: 'changes'
      readonly index: number
      readonly lowers: readonly string[]
      readonly since: string
    }
  | {
      readonly name: 'copyUpper'
      readonly to: string
      readonly index: number
      readonly lowers: readonly string[]
    }
  | { readonly name: 'seal' }

/** What a container asks of the session that holds it. */
export interface ContainerHost {
  exec(
    container: KeptContainer,
    process: readonly ProcessStep[],
    command: LaunchCommand,
    launched: LaunchedCommand,
  ): void
  /** Has the launcher do something with what the container wrote. */
  worker(container: KeptContainer, request: WorkerRequest, launched: LaunchedCommand): void
  /** Starts a file server; Node stays alive until it has started, not until it ends. */
  files(container: KeptContainer, launched: LaunchedCommand): void
  /** Sends the request; Node stays alive until `until` settles. */
  end(request: 'stop' | 'remove', id: number, until: Promise<void>): void
}

/** A container that the launcher keeps. */
export class KeptContainer implements LaunchedContainer {
  readonly id: number
  readonly pid: number
  readonly gone: Promise<void>
  readonly #host: ContainerHost
  #settleGone: () => void = () => {}
  #files: FileServer | undefined
  #isGone = false
  #whyGone: string | undefined
  #stopped = false
  #removed = false

  constructor(host: ContainerHost, id: number, pid: number) {
    this.#host = host
    this.id = id
    this.pid = pid
    this.gone = new Promise((resolve) => {
      this.#settleGone = resolve
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get whyGone(): string | undefined {
    return this.#whyGone
  }

  exec(process: readonly ProcessStep[], command: LaunchCommand): LaunchedProcess {
    const launched = new LaunchedCommand()
    if (this.#isGone) launched.fail(this.goneError())
    else this.#host.exec(this, process, command, launched)
    return launched
  }

  async *upperEntries(
    index: number,
    lowers: readonly string[],
    since = '',
  ): AsyncGenerator<UpperEntry> {
    yield* listUpper(this.#work({ name: 'changes', index, lowers, since }))
  }

  async copyUpper(to: string, lowers: readonly (readonly string[])[]): Promise<void> {
    for (const [index, below] of lowers.entries()) {
      const work = this.#work({ name: 'copyUpper', to, index, lowers: below })
      try {
        await runWorker(work, 'copy of what a container wrote', to)
      } catch (error) {
        throw isCaissonError(error, 'ERR_LAUNCH') ? explained(error) : error
      }
    }
  }

  seal(): Promise<void> {
    return runWorker(this.#work({ name: 'seal' }), 'seal', `pid ${this.pid}`)
  }

  files(): FileAccess {
    this.#files ??= new FileServer(() => {
      const launched = new LaunchedCommand()
      if (this.#removed) launched.fail(this.goneError())
      else this.#host.files(this, launched)
      return launched
    })
    return this.#files
  }

  async stop(): Promise<void> {
    if (!this.#isGone && !this.#stopped) {
      this.#stopped = true
      this.#host.end('stop', this.id, this.gone)
    }
    await this.gone
  }

  async remove(): Promise<void> {
    if (!this.#removed) {
      this.#removed = true
      this.#host.end('remove', this.id, this.gone)
    }
    await this.gone
  }

  #work(request: WorkerRequest): LaunchedCommand {
    const launched = new LaunchedCommand()
    if (this.#removed) launched.fail(this.goneError())
    else this.#host.worker(this, request, launched)
    return launched
  }

  /** No process of it is left. `status` as the launcher tells it; undefined: the launcher is gone, too. */
  markGone(status: number | undefined): void {
    this.#isGone = true
    this.#whyGone = this.#stopped ? 'it was stopped' : whyGone(status)
    this.#settleGone()
  }

  goneError(): CaissonError {
    return new CaissonError({
      code: 'ERR_CONTAINER_GONE',
      what: 'container',
      subject: `pid ${this.pid}`,
      why: this.#removed ? 'it was removed' : (this.whyGone ?? whyGone(undefined)),
    })
  }
}

/** What only an overlay's directory can hold: whiteouts, and attributes. */
function explained(error: CaissonError): CaissonError {
  if (error.errno !== 'EPERM' && error.errno !== 'EOPNOTSUPP') return error
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'snapshot',
    subject: error.subject,
    why: `the file system of the store cannot hold what a container deleted, or its attributes (${error.errno})`,
    fix: 'Put the store (`dataDir`) on a local file system such as ext4, xfs or btrfs.',
    cause: error,
  })
}
