import type { Reply } from './codec.js'
import type { ContainerHost } from './kept-container.js'
import { KeptContainer } from './kept-container.js'
import { LaunchedCommand, processEnd } from './launched-command.js'
import type { FailureContext } from './launch-failure.js'
import { launchError } from './launch-failure.js'
import type { Link } from './link.js'

const DROP_COMMAND = 4

/** What an adoption needs of its session. */
export interface AdoptingSession {
  readonly host: ContainerHost
  readonly link: Link
  readonly failures: FailureContext
  readonly containers: Map<number, KeptContainer>
  /** Commands of this session's own. */
  readonly commands: ReadonlyMap<number, { readonly launched: LaunchedCommand }>
  /** Numbers up to this one are taken. */
  readonly taken: (id: number) => void
}

/**
 * What a session finds in a launcher that others used before. The first command of a container is its main one: its
 * result stays for everybody who asks; that of any other goes when it was told once.
 */
export class Adoption {
  readonly #session: AdoptingSession
  readonly #commands = new Map<number, LaunchedCommand>()
  #firstId: number | undefined
  #first: LaunchedCommand | undefined
  #container: KeptContainer | undefined
  #complete = false

  constructor(session: AdoptingSession) {
    this.#session = session
  }

  get container(): KeptContainer | undefined {
    return this.#container
  }

  /** The first command of the container, undefined when none was run yet. */
  get first(): LaunchedCommand | undefined {
    return this.#first
  }

  /** This session runs a command. */
  ran(launched: LaunchedCommand): void {
    this.#first ??= launched
  }

  /** Takes note of a reply, before the session acts on it. */
  take(reply: Reply): void {
    if (reply.name === 'listening') {
      this.#complete = true
      this.#session.taken(reply.lastId)
    } else if (reply.name === 'created') this.#created(reply.container, reply.pid)
    else if (reply.name === 'started') this.#adopt(reply.exec)?.start({ pid: reply.pid })
    else if (reply.name === 'exited') {
      this.#adopt(reply.exec)?.end(processEnd(reply))
      this.#told(reply.exec)
    } else if (reply.name === 'failed' && reply.kind === 4) {
      this.#adopt(reply.id)?.fail(launchError(reply, this.#session.failures))
      this.#told(reply.id)
    }
  }

  /** The connection is over. */
  fail(error: unknown): void {
    for (const launched of this.#commands.values()) launched.fail(error)
  }

  #created(id: number, pid: number): void {
    const { host, containers, taken } = this.#session
    if (containers.has(id)) return
    taken(id)
    this.#container = new KeptContainer(host, id, pid)
    containers.set(id, this.#container)
  }

  /** The command of another client, undefined for one of our own. */
  #adopt(id: number): LaunchedCommand | undefined {
    const { commands, taken } = this.#session
    if (commands.has(id)) return undefined
    taken(id)
    let launched = this.#commands.get(id)
    // Whatever is new after `listening` is our own, or was.
    if (!launched && !this.#complete) {
      launched = new LaunchedCommand()
      this.#commands.set(id, launched)
      if (this.#firstId === undefined || id < this.#firstId) {
        this.#firstId = id
        this.#first = launched
      }
    }
    return launched
  }

  #told(id: number): void {
    const launched = this.#session.commands.get(id)?.launched ?? this.#commands.get(id)
    if (launched && launched !== this.#first)
      this.#session.link.send('drop', { kind: DROP_COMMAND, id })
  }
}
