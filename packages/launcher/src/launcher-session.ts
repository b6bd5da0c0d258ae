import type {
  CaissonError,
  LaunchCommand,
  Launcher,
  LaunchPlan,
  LauncherIdentity,
  ProcessStep,
  ResourceLimit,
} from '@caisson/core'
import { Adoption } from './adoption.js'
import type { Reply } from './codec.js'
import { MalformedFrame } from './codec.js'
import { commandRequest, noCommand } from './command-request.js'
import { openStreams } from './command-streams.js'
import type { ContainerHost, WorkerRequest } from './kept-container.js'
import { KeptContainer } from './kept-container.js'
import type { FailureContext } from './launch-failure.js'
import { launchError } from './launch-failure.js'
import { limited, limitError } from './limited.js'
import { LaunchedCommand, processEnd } from './launched-command.js'
import { LauncherHandshake } from './launcher-handshake.js'
import { LauncherLink } from './launcher-link.js'
import type { Link, LinkEvents } from './link.js'
import type { MapHelpers } from './identity.js'
import type { FailedReply, RequestTypes, StartedReply } from './protocol.generated.js'
import { NONE } from './protocol.generated.js'
import type { Pending, PendingCommand, PendingContainer } from './pending-request.js'
import type { AttachOptions, SessionOptions } from './session-options.js'
import { StepRegistry } from './step-registry.js'
import { untilAborted } from './until-aborted.js'

/** One launcher process from its hello to its end, and everything it holds. Numbers mean something only in here. */
export class LauncherSession implements ContainerHost {
  readonly identity: LauncherIdentity
  readonly #link: Link
  readonly #handshake: LauncherHandshake
  readonly #registry: StepRegistry
  readonly #adoption: Adoption | undefined
  readonly #failures: FailureContext
  readonly #commands = new Map<number, PendingCommand>()
  /** File servers, and whether they have started: from then on Node may end without them. */
  readonly #servers = new Map<number, boolean>()
  readonly #creating = new Map<number, PendingContainer>()
  readonly #containers = new Map<number, KeptContainer>()
  #lastId = 0

  private constructor(
    identity: LauncherIdentity,
    launcher: string,
    connect: (events: LinkEvents) => Link,
    helpers: MapHelpers | undefined,
    adopts: boolean,
  ) {
    this.identity = identity
    this.#failures = { launcher, privileged: identity.mode === 'root' }
    this.#link = connect({
      reply: (reply) => this.#reply(reply),
      lost: (error) => this.#lost(error),
    })
    this.#handshake = new LauncherHandshake(this.#link, helpers, this.#failures)
    this.#adoption = adopts ? this.#adopt() : undefined
    this.#registry = new StepRegistry((name, request) => this.#link.send(name, request))
  }

  /**
   * Starts a launcher and waits until it is ready.
   * @throws CaissonError ERR_LAUNCHER_GONE, ERR_USER_NAMESPACE, ERR_LAUNCH
   */
  static async open(options: SessionOptions): Promise<LauncherSession> {
    const { program, helpers, hello } = options
    const identity = { ...options.identity, landlock: 0 }
    const connect = (events: LinkEvents): Link => new LauncherLink(program, events)
    const session = new LauncherSession(identity, program.path, connect, helpers, false)
    try {
      identity.landlock = await session.#handshake.run(hello) // before anybody sees it
    } catch (error) {
      await session.#link.end()
      throw error
    }
    return session
  }

  /**
   * Joins a launcher that listens; settles when it has said what it holds.
   * @throws CaissonError ERR_LAUNCHER_GONE, or what `giveUp` says
   */
  static async attach({ identity, connect, giveUp }: AttachOptions): Promise<LauncherSession> {
    const session = new LauncherSession(identity, 'detached', connect, undefined, true)
    try {
      await session.#handshake.listening(giveUp)
    } catch (error) {
      await session.#link.end()
      throw error
    }
    return session
  }

  /** What it found there when it was attached. */
  get adopted(): Adoption | undefined {
    return this.#adoption
  }

  /** Its process id. */
  get pid(): number {
    return this.#link.pid
  }

  /** From now on the launcher outlives its clients. */
  listen(request: RequestTypes['listen']): Promise<void> {
    return this.#handshake.listen(request)
  }

  /** Keeps Node alive until the function returned is called. */
  holdOpen(): () => void {
    this.#link.hold()
    return () => this.#link.release()
  }

  /** Leaves the launcher alone. */
  letGo(): void {
    if (this.#link instanceof LauncherLink) this.#link.letGo()
  }

  #adopt(): Adoption {
    const taken = (id: number): void => {
      this.#lastId = Math.max(this.#lastId, id)
    }
    const [host, link, failures] = [this, this.#link, this.#failures]
    const [containers, commands] = [this.#containers, this.#commands]
    return new Adoption({ host, link, failures, containers, commands, taken })
  }

  /** Whether it takes requests. */
  get alive(): boolean {
    return this.#link.alive
  }

  run(plan: LaunchPlan, command: LaunchCommand, launched: LaunchedCommand): void {
    this.#launch(launched, () => {
      const id = ++this.#lastId
      const references = this.#registry.references(plan)
      const request = { container: id, keep: 0, exec: id, ...references, ...this.#io(command) }
      this.#track(id, launched, undefined, Object.values(references), [plan])
      this.#link.send('start', request)
      return id
    })
  }

  create(...[plan, steps, signal]: Parameters<Launcher['create']>): Promise<KeptContainer> {
    const id = ++this.#lastId
    const created = new Promise<KeptContainer>((resolve, reject) => {
      const references = this.#registry.references({ ...plan, process: [] })
      const request = { container: id, ...references, keep: 1, exec: NONE, ...noCommand(steps) }
      const asked = { needs: Object.values(references), lists: [plan] }
      this.#creating.set(id, { ...asked, fail: reject, created: resolve })
      this.#link.hold()
      this.#link.send('start', request)
    })
    // the launcher answers that it failed, when nothing of it is left; one that stands by then is its owner's to end
    return untilAborted(created, signal, () => {
      if (this.#creating.has(id)) this.#link.send('remove', { container: id })
    })
  }

  exec(
    container: KeptContainer,
    process: readonly ProcessStep[],
    command: LaunchCommand,
    launched: LaunchedCommand,
  ): void {
    if (!this.alive || container.isGone) return launched.fail(container.goneError())
    this.#adoption?.ran(launched)
    return this.#launch(launched, () => {
      const id = ++this.#lastId
      const processPlan = this.#registry.plan(process, 'process')
      const request = { container: container.id, exec: id, processPlan, ...this.#io(command) }
      this.#track(id, launched, container, [processPlan], [process])
      this.#link.send('exec', request)
      return id
    })
  }

  worker(container: KeptContainer, request: WorkerRequest, launched: LaunchedCommand): void {
    if (!this.alive) return launched.fail(container.goneError())
    return this.#work(launched, container, (exec) => {
      const { name, ...fields } = { ...request, container: container.id, exec }
      this.#link.send(name, fields)
    })
  }

  files(container: KeptContainer, launched: LaunchedCommand): void {
    if (!this.alive) return launched.fail(container.goneError())
    return this.#work(launched, container, (exec) => {
      this.#servers.set(exec, false)
      this.#link.send('files', { container: container.id, exec })
    })
  }

  async limit(pid: number, limit: ResourceLimit): Promise<void> {
    const held = [...this.#containers.values()].find((it) => it.pid === pid && !it.isGone)
    if (!this.alive || held === undefined) throw limitError(pid, 'ESRCH')
    const launched = new LaunchedCommand()
    const request = { container: held.id, ...limit }
    this.#work(launched, held, (exec) => this.#link.send('limit', { exec, ...request }))
    await limited(pid, launched)
  }

  /** A file server of a directory of the host. */
  jail(request: Omit<RequestTypes['jail'], 'exec'>, launched: LaunchedCommand): void {
    this.#work(launched, undefined, (exec) => {
      this.#servers.set(exec, false)
      this.#link.send('jail', { exec, ...request })
    })
  }

  /** Copies directories of the host that lie over each other. */
  merge(request: Omit<RequestTypes['merge'], 'exec'>, launched: LaunchedCommand): void {
    this.#work(launched, undefined, (exec) => this.#link.send('merge', { exec, ...request }))
  }

  #work(
    launched: LaunchedCommand,
    container: KeptContainer | undefined,
    send: (exec: number) => void,
  ): void {
    this.#launch(launched, () => {
      const id = ++this.#lastId
      this.#track(id, launched, container, [], [])
      send(id)
      return id
    })
  }

  end(request: 'stop' | 'remove', id: number, until: Promise<void>): void {
    this.#link.hold()
    this.#link.send(request, { container: id })
    void until.then(() => {
      this.#link.release()
      if (request === 'remove') this.#containers.delete(id)
    })
  }

  /** Ends the launcher and everything it holds; what is pending fails with `error`. */
  async close(error: unknown): Promise<void> {
    const ended = this.#link.end()
    this.#abandon(error)
    await ended
  }

  #launch(launched: LaunchedCommand, send: () => number): void {
    try {
      const exec = send()
      launched.sent({
        signal: (signo, final) => this.#link.send('signal', { exec, signo, final: final ? 1 : 0 }),
        resize: ({ cols, rows }) => this.#link.send('resize', { exec, cols, rows }),
      })
    } catch (error) {
      launched.fail(error)
    }
  }

  #io(command: LaunchCommand) {
    this.#link.allow(2 * command.maxOutputBytes)
    return commandRequest(command)
  }

  #track(
    id: number,
    launched: LaunchedCommand,
    container: KeptContainer | undefined,
    needs: readonly number[],
    lists: readonly unknown[],
  ): void {
    this.#commands.set(id, { launched, container, needs, lists, fail: (e) => launched.fail(e) })
    this.#link.hold()
  }

  #settled(pending: Map<number, Pending>, id: number): void {
    if (pending.delete(id) && this.#servers.get(id) !== true) this.#link.release()
    this.#servers.delete(id)
  }

  #reply(reply: Reply): void {
    this.#adoption?.take(reply)
    switch (reply.name) {
      case 'ready':
      case 'who':
      case 'listening':
      case 'needMaps':
        return this.#handshake.reply(reply)
      case 'built':
        return undefined
      case 'failed':
        return this.#failed(reply)
      case 'created':
        return this.#created(reply.container, reply.pid)
      case 'started':
        return this.#started(reply)
      case 'exited': {
        const pending = this.#commands.get(this.#known(reply.exec))
        this.#settled(this.#commands, reply.exec)
        return pending?.launched.end(processEnd(reply))
      }
      case 'gone':
        return this.#containers.get(this.#known(reply.container))?.markGone(reply.status)
    }
  }

  /** Answers to what was given up are ignored; answers to what was never asked are a broken launcher. */
  #known(id: number): number {
    if (id === 0 || id > this.#lastId)
      throw new MalformedFrame(`it answered request ${id}, which was never made`)
    return id
  }

  #failed(reply: Extract<Reply, { readonly name: 'failed' }>): void {
    switch (reply.kind) {
      case 0:
      case 5:
        return this.#handshake.reply(reply)
      case 1:
        this.#registry.templateFailed(reply.id)
        return this.#failDependants(reply.id, launchError(reply, this.#failures))
      case 2:
        this.#registry.planFailed(reply.id)
        return this.#failDependants(reply.id, launchError(reply, this.#failures))
      case 3:
      case 4:
        return this.#failOne(this.#known(reply.id), reply)
      default:
        throw new MalformedFrame(`there is no failure of kind ${reply.kind}`)
    }
  }

  /** What was sent after a template or plan, trusting that it would stand. */
  #failDependants(id: number, error: unknown): void {
    for (const pending of [this.#commands, this.#creating]) {
      for (const [key, entry] of pending) {
        if (!entry.needs.includes(id)) continue
        this.#settled(pending, key)
        entry.fail(error)
      }
    }
  }

  #failOne(id: number, reply: FailedReply): void {
    const command = this.#commands.get(id)
    const error = command?.container?.isGone
      ? command.container.goneError()
      : launchError(reply, this.#failures)
    const entry = command ?? this.#creating.get(id)
    this.#settled(this.#commands, id)
    this.#settled(this.#creating, id)
    entry?.fail(error)
  }

  #created(id: number, pid: number): void {
    const pending = this.#creating.get(this.#known(id))
    this.#settled(this.#creating, id)
    if (!pending) return // given up, or adopted
    const container = new KeptContainer(this, id, pid)
    this.#containers.set(id, container)
    pending.created(container)
  }

  #started(reply: StartedReply): void {
    const launched = this.#commands.get(this.#known(reply.exec))?.launched
    if (this.#servers.get(reply.exec) === false) {
      this.#servers.set(reply.exec, true)
      this.#link.release()
    }
    const streams = [reply.stdin, reply.stdout, reply.stderr]
    try {
      launched?.start(openStreams(this.#link.pid, reply, launched.output)) // else closed unopened
    } catch (error) {
      launched?.fail(error)
      this.#link.send('signal', { exec: reply.exec, signo: 9, final: 0 })
    }
    streams.forEach((fd, stream) => {
      if (fd !== NONE) this.#link.send('opened', { exec: reply.exec, stream })
    })
  }

  #lost(error: CaissonError): void {
    this.#handshake.fail(error)
    this.#abandon(error)
  }

  #abandon(error: unknown): void {
    const pending = [...this.#commands.values(), ...this.#creating.values()]
    this.#commands.clear()
    this.#creating.clear()
    for (const entry of pending) entry.fail(error)
    this.#adoption?.fail(error)
    for (const container of this.#containers.values()) container.markGone(undefined)
    this.#containers.clear()
  }
}
