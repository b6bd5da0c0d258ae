import type {
  Amendment,
  Change,
  Command,
  ContainerRequest,
  ContainerStep,
  FileAccess,
  Holding,
  DetachedHolder,
  DetachPlace,
  IsolatedDetached,
  IsolatedContainer,
  IsolationDriver,
  LaunchCommand,
  LaunchedContainer,
  LaunchedProcess,
  Launcher,
  LauncherIdentity,
  Plan,
  ProcessStep,
  Publish,
} from '@caisson/core'
import { CaissonError, noHolding } from '@caisson/core'
import { containerChanges } from './changes.js'
import { PlanCompiler } from './compile-plan.js'
import { PlanDetached } from './detached-plan-container.js'
import { deferredProcess } from './deferred-process.js'
import { deepFreeze } from './interned.js'
import type { PlanHost } from './plan-host.js'
import type { PlanKind } from './plan-input.js'
import { isOurs, lowerPaths } from './root-steps.js'

/** What `createPlanIsolation` takes. */
export interface PlanIsolationOptions {
  readonly kind: PlanKind
  readonly launcher: Launcher
  /** Default: this host. */
  readonly host?: PlanHost
}

const HOSTNAME_LENGTH = 12

function containerOwnSteps(request: ContainerRequest, more: readonly Amendment[]): ContainerStep[] {
  const name =
    request.spec.hostname === '' ? request.id.slice(0, HOSTNAME_LENGTH) : request.spec.hostname
  const steps: ContainerStep[] = [{ op: 'hostname', name }]
  for (const { container } of [...request.amendments, ...more]) steps.push(...(container ?? []))
  return steps
}

function launchCommand(
  command: Command,
  steps: readonly (ContainerStep | ProcessStep)[],
): LaunchCommand {
  const { argv, env, stdin, stdout, stderr, maxOutputBytes, reportStart, tty } = command
  const launch = { steps, argv, env, stdin, stdout, stderr, maxOutputBytes, reportStart }
  return tty === undefined ? launch : { ...launch, tty }
}

/** A one-shot's alone. */
function initSteps(request: ContainerRequest): readonly ProcessStep[] {
  return request.spec.init === 'command' ? [{ op: 'init' }] : []
}

class PlanIsolation implements IsolationDriver {
  readonly #launcher: Launcher
  readonly #compiler: PlanCompiler
  #identity: LauncherIdentity | undefined

  constructor({ kind, launcher, host }: PlanIsolationOptions) {
    this.#launcher = launcher
    this.#compiler = new PlanCompiler(kind, host)
  }

  async plan(request: ContainerRequest, command: Command): Promise<Plan> {
    const identity = await this.#learnIdentity()
    const { template, container } = this.#compiler.setup(request, identity)
    const process = this.#compiler.process(request.spec, command, identity)
    return deepFreeze({
      version: 1,
      template,
      container: [...container, ...containerOwnSteps(request, command.amendments)],
      process: [
        ...this.#compiler.ownProcess(request.spec, [...request.amendments, ...command.amendments]),
        ...initSteps(request),
        ...process,
        ...(command.tty === undefined ? [] : [{ op: 'terminal' as const, ...command.tty }]),
        { op: 'exec', argv: [...command.argv], env: [...command.env] },
      ],
    })
  }

  run(request: ContainerRequest, command: Command): LaunchedProcess {
    const identity = this.#identity
    if (identity === undefined) {
      return deferredProcess(
        this.#learnIdentity().then((learned) =>
          this.#compiler.unmapped.mustTry(request)
            ? this.#runTried(request, command, learned)
            : this.#run(request, command, learned),
        ),
      )
    }
    try {
      if (this.#compiler.unmapped.mustTry(request)) {
        return deferredProcess(this.#runTried(request, command, identity))
      }
      return this.#run(request, command, identity)
    } catch (error) {
      return deferredProcess(Promise.reject(error))
    }
  }

  holding(request: ContainerRequest, command: Command): Holding {
    return this.#identity === undefined
      ? noHolding
      : this.#compiler.holding(request, command, this.#identity)
  }

  async create(request: ContainerRequest): Promise<IsolatedContainer> {
    const identity = await this.#learnIdentity()
    const launched = await this.#create(this.#launcher, request, identity)
    return new PlanContainer(this.#compiler, request, identity, launched)
  }

  async createDetached(
    request: ContainerRequest,
    place: DetachPlace,
    publish: Publish,
  ): Promise<IsolatedDetached> {
    if (!this.#launcher.detached) throw cannotDetach()
    // ended with all it holds, unless it was handed over
    await using launcher = await this.#launcher.detached()
    const { identity } = launcher
    const launched = await this.#create(launcher, request, identity)
    const detached = await launcher.handOver(launched, place, publish)
    return new PlanDetached(
      new PlanContainer(this.#compiler, request, identity, detached),
      detached,
    )
  }

  attach(request: ContainerRequest, place: DetachPlace, holder: DetachedHolder): IsolatedDetached {
    if (!this.#launcher.attach) throw cannotDetach()
    const detached = this.#launcher.attach(holder, place)
    const container = new PlanContainer(this.#compiler, request, holder.identity, detached)
    return new PlanDetached(container, detached)
  }

  #run(request: ContainerRequest, command: Command, identity: LauncherIdentity): LaunchedProcess {
    const { template, container } = this.#compiler.setup(request, identity)
    const process = this.#compiler.process(request.spec, command, identity)
    const own = [
      ...containerOwnSteps(request, command.amendments),
      ...this.#compiler.ownProcess(request.spec, [...request.amendments, ...command.amendments]),
      ...initSteps(request),
    ]
    return this.#launcher.run({ template, container, process }, launchCommand(command, own))
  }

  /** A container of no command finds out what cannot be id-mapped; the first of its kind only. */
  async #runTried(
    request: ContainerRequest,
    command: Command,
    identity: LauncherIdentity,
  ): Promise<LaunchedProcess> {
    const tried = await this.#create(this.#launcher, request, identity)
    await tried.remove()
    this.#compiler.unmapped.tried(request)
    return this.#run(request, command, identity)
  }

  /** With id maps; where the caller allowed it, without those that a file system refuses. */
  async #create(
    launcher: Pick<Launcher, 'create'>,
    request: ContainerRequest,
    identity: LauncherIdentity,
  ): Promise<LaunchedContainer> {
    const own = containerOwnSteps(request, [])
    for (;;) {
      try {
        const setup = this.#compiler.setup(request, identity)
        return await launcher.create({ ...setup, process: [] }, own, request.signal)
      } catch (error) {
        if (!this.#compiler.unmapped.learn(request.spec, error)) throw error
      }
    }
  }

  // A launcher stays who it is; from the second start on, nothing is waited for.
  async #learnIdentity(): Promise<LauncherIdentity> {
    this.#identity ??= await this.#launcher.identity()
    return this.#identity
  }
}

function cannotDetach(): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'detached container',
    field: 'detached',
    why: 'the launcher registered in this scope cannot leave containers to themselves',
    fix: 'Use the launcher of @caisson/launcher.',
  })
}

function cannotKeep(): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'snapshot',
    field: 'isolation',
    why: 'the launcher registered in this scope cannot copy what containers wrote',
    fix: 'Use the launcher of @caisson/launcher.',
  })
}

class PlanContainer implements IsolatedContainer {
  readonly #compiler: PlanCompiler
  readonly #request: ContainerRequest
  readonly #identity: LauncherIdentity
  readonly #launched: LaunchedContainer

  constructor(
    compiler: PlanCompiler,
    request: ContainerRequest,
    identity: LauncherIdentity,
    launched: LaunchedContainer,
  ) {
    this.#compiler = compiler
    this.#request = request
    this.#identity = identity
    this.#launched = launched
  }

  get pid(): number {
    return this.#launched.pid
  }

  get gone(): Promise<void> {
    return this.#launched.gone
  }

  get whyGone(): string | undefined {
    return this.#launched.whyGone
  }

  holding(command: Command): Holding {
    return this.#compiler.holding(this.#request, command, this.#identity)
  }

  exec(command: Command): LaunchedProcess {
    const { spec, amendments } = this.#request
    try {
      const steps = this.#compiler.process(spec, command, this.#identity)
      const own = this.#compiler.ownProcess(spec, [...amendments, ...command.amendments])
      return this.#launched.exec(steps, launchCommand(command, own))
    } catch (error) {
      return deferredProcess(Promise.reject(error))
    }
  }

  changes(since?: string): AsyncIterable<Change> {
    const input = this.#compiler.input(this.#request, this.#identity)
    return containerChanges(this.#launched, this.#request.root, isOurs(input), since)
  }

  files(): FileAccess {
    return this.#launched.files()
  }

  async copyWrites(directory: string): Promise<void> {
    if (this.#launched.copyUpper === undefined) throw cannotKeep()
    const lowers = this.#request.root.parts.map((part, index) => lowerPaths(index, part))
    await this.#launched.copyUpper(directory, lowers)
  }

  async seal(): Promise<void> {
    if (this.#launched.seal === undefined) throw cannotKeep()
    await this.#launched.seal()
  }

  stop(): Promise<void> {
    return this.#launched.stop()
  }

  remove(): Promise<void> {
    return this.#launched.remove()
  }
}

/** An isolation driver that compiles requests to plans and lets the launcher carry them out. */
export function createPlanIsolation(options: PlanIsolationOptions): IsolationDriver {
  return new PlanIsolation(options)
}
