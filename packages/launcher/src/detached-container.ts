import { setTimeout } from 'node:timers/promises'
import type {
  DetachedHolder,
  DetachPlace,
  FileAccess,
  LaunchCommand,
  LaunchedDetached,
  LaunchedProcess,
  ProcessEnd,
  ProcessStep,
  UpperEntry,
} from '@caisson/core'
import { CaissonError, isCaissonError, isMarkAlive } from '@caisson/core'
import type { Adoption } from './adoption.js'
import { AttachedLink, connectIn } from './attached-link.js'
import type { KeptContainer } from './kept-container.js'
import { FileServer } from './files/file-server.js'
import { LaunchedCommand } from './launched-command.js'
import { LauncherSession } from './launcher-session.js'

/** How long another client is waited for. */
const BUSY_AFTER_MS = 5000
/** A launcher that has nothing left needs a millisecond to leave; nothing tells of the end of somebody else's child. */
const OWNER_GRACE_MS = 2000
const OWNER_LOOK_MS = 2

interface Attached {
  readonly session: LauncherSession
  readonly adopted: Adoption
  readonly container: KeptContainer
}

/** A container in a launcher of its own. It is connected to only while it is used for more than reading. */
export class DetachedContainer implements LaunchedDetached {
  readonly pid: number
  readonly gone: Promise<void>
  readonly #holder: DetachedHolder
  readonly #place: DetachPlace
  #files: FileServer | undefined
  #settleGone: () => void = () => {}
  #attached: Promise<Attached> | undefined
  /** Those who wait for a first command. */
  #ran: (() => void)[] = []

  constructor(holder: DetachedHolder, place: DetachPlace) {
    this.#holder = holder
    this.#place = place
    this.pid = holder.pid
    this.gone = new Promise((resolve) => {
      this.#settleGone = resolve
    })
  }

  exec(process: readonly ProcessStep[], command: LaunchCommand): LaunchedProcess {
    const launched = new LaunchedCommand()
    this.#open().then(
      ({ session, container }) => {
        session.exec(container, process, command, launched)
        for (const tell of this.#ran.splice(0)) tell()
      },
      (error: unknown) => launched.fail(error),
    )
    return launched
  }

  files(): FileAccess {
    this.#files ??= new FileServer(() => {
      const launched = new LaunchedCommand()
      this.#open().then(
        ({ session, container }) => session.files(container, launched),
        (error: unknown) => launched.fail(error),
      )
      return launched
    })
    return this.#files
  }

  async *upperEntries(
    index: number,
    lowers: readonly string[],
    since?: string,
  ): AsyncGenerator<UpperEntry> {
    const { container } = await this.#open()
    yield* container.upperEntries(index, lowers, since)
  }

  async copyUpper(to: string, lowers: readonly (readonly string[])[]): Promise<void> {
    const { container } = await this.#open()
    await container.copyUpper(to, lowers)
  }

  async seal(): Promise<void> {
    const { container } = await this.#open()
    await container.seal()
  }

  async firstEnd(signal?: AbortSignal): Promise<ProcessEnd> {
    const { session, adopted, container } = await this.#open()
    // keeps Node alive for as long as somebody waits
    const release = session.holdOpen()
    try {
      return await withSignal(signal, async () => {
        while (adopted.first === undefined) {
          if (container.isGone) throw container.goneError()
          const run = new Promise<void>((resolve) => this.#ran.push(resolve))
          await Promise.race([run, container.gone])
        }
        return adopted.first.ended
      })
    } finally {
      release()
    }
  }

  async stop(): Promise<void> {
    const attached = await this.#openUnlessDead()
    await attached?.container.stop()
    this.#settleGone()
  }

  async remove(): Promise<void> {
    const attached = await this.#openUnlessDead()
    await attached?.container.remove()
    this.#settleGone()
    await this.#close(attached, detachedError('it was removed'))
    await this.#ownerEnded()
  }

  async detach(): Promise<void> {
    const attached = await this.#attached?.catch(() => undefined)
    await this.#close(attached, detachedError('it was let go of'))
  }

  async #close(attached: Attached | undefined, error: CaissonError): Promise<void> {
    this.#attached = undefined
    if (!attached) return
    for (const tell of this.#ran.splice(0)) tell()
    await attached.session.close(error)
  }

  /** Without client and container it leaves by itself; only then is nothing left. */
  async #ownerEnded(): Promise<void> {
    const { owner } = this.#holder
    const giveUp = Date.now() + OWNER_GRACE_MS
    while (isMarkAlive(owner) && Date.now() < giveUp) await setTimeout(OWNER_LOOK_MS)
  }

  #open(): Promise<Attached> {
    this.#attached ??= this.#attach()
    return this.#attached
  }

  async #openUnlessDead(): Promise<Attached | undefined> {
    try {
      return await this.#open()
    } catch (error) {
      // What holds it is dead, and so is it.
      if (isCaissonError(error) && error.code === 'ERR_CONTAINER_GONE') return undefined
      throw error
    }
  }

  async #attach(): Promise<Attached> {
    try {
      const session = await this.#connect()
      const adopted = session.adopted
      const container = adopted?.container
      if (!adopted || !container) {
        await session.close(this.#goneError('the launcher holds no container'))
        throw this.#goneError('the launcher holds no container')
      }
      void container.gone.then(() => this.#wentAway())
      return { session, adopted, container }
    } catch (error) {
      // The next call tries again.
      this.#attached = undefined
      throw error
    }
  }

  /** Its end is the container's; the end of a connection that we closed is not. */
  #wentAway(): void {
    if (this.#attached) this.#settleGone()
  }

  async #connect(): Promise<LauncherSession> {
    if (!isMarkAlive(this.#holder.owner)) {
      this.#settleGone()
      throw this.#goneError('the launcher that held it is dead')
    }
    const socket = await connectIn(this.#place.directory).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw why.includes('EAGAIN') ? this.#busyError() : this.#goneError(why, cause)
    })
    const answered = new AbortController()
    try {
      return await LauncherSession.attach({
        identity: this.#holder.identity,
        connect: (events) => new AttachedLink(socket, this.#holder.owner.pid, events),
        giveUp: (fail) => {
          setTimeout(BUSY_AFTER_MS, undefined, { signal: answered.signal }).then(
            () => fail(this.#busyError()),
            () => {},
          )
        },
      })
    } finally {
      answered.abort()
    }
  }

  #goneError(why: string, cause?: unknown): CaissonError {
    const subject = this.#place.directory
    return new CaissonError({ code: 'ERR_CONTAINER_GONE', what: 'container', subject, why, cause })
  }

  #busyError(): CaissonError {
    return new CaissonError({
      code: 'ERR_CONTAINER_BUSY',
      what: 'container',
      subject: this.#place.directory,
      why: `another client has held it for ${BUSY_AFTER_MS / 1000} s`,
      retryable: true,
    })
  }
}

function detachedError(why: string): CaissonError {
  return new CaissonError({ code: 'ERR_DETACHED', what: 'container', why })
}

/** Settles as `work` does, or rejects with ERR_ABORTED as soon as the signal says so. */
async function withSignal<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!signal) return work()
  const over = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void =>
      reject(new CaissonError({ code: 'ERR_ABORTED', what: 'wait', cause: signal.reason }))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true, signal: over.signal })
  })
  try {
    return await Promise.race([aborted, work()])
  } finally {
    over.abort()
  }
}
