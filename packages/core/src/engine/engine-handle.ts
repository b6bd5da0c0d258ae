import { checkFeature } from '../container/check-feature.js'
import { CommandRun } from '../container/command-run.js'
import type { Container } from '../container/container.js'
import type { SnapshotHandle } from '../container/snapshot-handle.js'
import type { Output } from '../container/decode-output.js'
import type { EventHub, Events } from '../container/event-hub.js'
import type { Exec } from '../container/exec.js'
import { ExecHandle } from '../container/exec-handle.js'
import { failedRun } from '../container/failed-run.js'
import type { LimitPlan, LimitRouter } from '../container/limit-router.js'
import { notDetached } from '../container/no-store.js'
import { makeCommand } from '../container/make-command.js'
import type { Feature } from '../contracts/features.js'
import { CaissonError } from '../errors/caisson-error.js'
import { suppress } from '../errors/suppress.js'
import { explain } from '../plan/explain.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import type { RunOptions } from '../spec/exec-options.js'
import type { LimitKey } from '../spec/limits.js'
import { parseArgv } from '../spec/parse-argv.js'
import {
  parseContainerSpec,
  type ParsedSpec,
  type SpecContext,
} from '../spec/parse-container-spec.js'
import type { Spec } from '../spec/spec.js'
import type { DetachedHandle } from '../container/detached-handle.js'
import type { EngineParts } from './assemble.js'
import type { ContainerFilter, DetachedInfo, DetachedSpec } from './detached-options.js'
import { ContainerMaker } from './container-maker.js'
import { Detachments, parsePrune } from './detachments.js'
import type { DiskUsage, Pruned } from './disk-usage.js'
import { examine, type DoctorReport } from './doctor.js'
import type { Engine, EngineEvents } from './engine.js'
import { oneShotOpener, withLeases, type OneShotParts } from './one-shot.js'
import { parseRun } from './parse-run.js'

const ignore = (): void => {}
const captured = {
  stdin: { kind: 'null' },
  stdout: 'capture',
  stderr: 'capture',
  reportStart: false,
} as const

/** The one implementation of `Engine`. */
export class EngineHandle implements Engine {
  readonly #parts: EngineParts
  readonly #events: EventHub<EngineEvents>
  readonly #context: SpecContext
  readonly #defaultSpec: ParsedSpec
  readonly #warn: (error: unknown) => void
  readonly #runs = new Set<CommandRun>()
  readonly #containers = new Set<SnapshotHandle>()
  readonly #maker: ContainerMaker
  readonly #creating = new Set<Promise<unknown>>()
  readonly #detachments: Detachments
  readonly #swept: Promise<unknown>
  #disposed: Promise<void> | undefined
  readonly supports: Engine['supports']

  constructor(parts: EngineParts, events: EventHub<EngineEvents>) {
    this.#parts = parts
    this.#events = events
    this.#warn = (error): void => events.emit('warning', error)
    this.#detachments = new Detachments(parts, this.#warn)
    // what dead processes left, in directories and in limiters; what fails here shows in prune()
    this.#swept = Promise.all([this.#detachments.sweep(), parts.limits.sweep()])
    this.#context = { from: parts.from, declaredLimits: parts.limits.declared }
    this.#defaultSpec = parseContainerSpec(undefined, this.#context)
    this.supports = Object.freeze({
      limits: parts.limits.declared,
      features: new Set(parts.drivers.flatMap(({ features }) => features)),
      schemes: parts.schemes,
    })
    this.#maker = new ContainerMaker({
      engine: parts,
      features: this.supports.features,
      warn: this.#warn,
      unwanted: (signal) => this.#unwanted(signal),
      made: (container) => {
        this.#containers.add(container)
        events.emit('container', container)
      },
      removed: (container) => this.#containers.delete(container),
    })
  }

  get events(): Events<EngineEvents> {
    return this.#events
  }

  run(argv: readonly string[], options: { readonly encoding: 'buffer' }): Exec<Uint8Array>
  run(argv: readonly string[], options?: RunOptions): Exec
  run(argv: unknown, options?: unknown): Exec<Output> {
    let run: CommandRun
    try {
      this.#alive()
      const parts = this.#parse(argv, options)
      run = new CommandRun(parts.argv[0] ?? '', parts.options, oneShotOpener(parts))
    } catch (error) {
      return new ExecHandle(failedRun(error))
    }
    this.#runs.add(run)
    run.result.then(
      (result) => {
        this.#runs.delete(run)
        this.#events.emit('exit', result)
      },
      () => this.#runs.delete(run),
    )
    return new ExecHandle(run)
  }

  create(spec: DetachedSpec): Promise<DetachedHandle>
  create(spec?: Spec): Promise<Container<LimitKey, Feature>>
  async create(spec?: Spec): Promise<Container<LimitKey, Feature>> {
    this.#alive()
    const parsed = parseContainerSpec(spec, this.#context)
    const creation = parsed.detached ? this.#createDetached(parsed) : this.#maker.create(parsed)
    this.#creating.add(creation)
    try {
      return await creation
    } finally {
      this.#creating.delete(creation)
    }
  }

  async get(id: string): Promise<DetachedHandle> {
    this.#alive()
    return this.#detachments.get(id)
  }

  async list(filter?: ContainerFilter): Promise<readonly DetachedInfo[]> {
    this.#alive()
    return this.#detachments.list(filter)
  }

  async prune(options?: object): Promise<Pruned> {
    this.#alive()
    const olderThanMs = parsePrune(options)
    const swept = await this.#detachments.prune(olderThanMs)
    for (const failure of await this.#parts.limits.sweep()) this.#warn(failure)
    const store = await this.#parts.snapshots?.collect({ olderThanMs })
    return { ...swept, store, bytes: swept.bytes + (store?.bytes ?? 0) }
  }

  async diskUsage(): Promise<DiskUsage> {
    this.#alive()
    const containers = this.#detachments.usage()
    const store = await this.#parts.snapshots?.usage()
    return { containers, store, bytes: containers.bytes + (store?.bytes ?? 0) }
  }

  async explain(argv: readonly string[], options?: RunOptions): Promise<string> {
    this.#alive()
    const parts = this.#parse(argv, options)
    const needs = { ...parts, scope: 'one-shot' as const, signal: parts.options.signal }
    return withLeases(
      needs,
      () => undefined,
      async ({ request, undo }) => {
        const { tty } = parts.options
        const io = tty === undefined ? captured : { ...captured, stderr: 'null' as const, tty }
        const command = makeCommand(parts.argv, request.spec, parts.options, io, [])
        const text = explain(await this.#parts.isolation.plan(request, command))
        for (const failure of await undo.run()) this.#warn(failure)
        return text
      },
    )
  }

  async doctor(): Promise<DoctorReport> {
    return examine(this.#parts.drivers, this.#parts)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  #parse(argv: unknown, options: unknown): OneShotParts {
    const { roots, limits, isolation } = this.#parts
    const run = parseRun(options, this.#context, this.#defaultSpec)
    const { features } = this.supports
    if (run.exec.tty !== undefined) checkFeature(features, 'pty', 'tty')
    if (run.container.init === 'command') checkFeature(features, 'commandInit', 'init')
    limits.check(run.container.limits, run.container.isolation.allowDegraded)
    return {
      argv: parseArgv(argv),
      spec: run.container,
      options: run.exec,
      root: roots.find(run.container.from),
      limits: planLimits(limits, run.container, 'one-shot'),
      isolation,
      snapshots: this.#parts.snapshots,
      writes: this.#parts.writes,
      ownPlaces: this.#parts.ownPlaces,
      warn: this.#warn,
    }
  }

  async #createDetached(parsed: ParsedSpec): Promise<DetachedHandle> {
    const { limits, roots } = this.#parts
    this.#detachments.check()
    if (parsed.container.upperOn === 'disk') throw notDetached('writable.on')
    const plan = await planLimits(limits, parsed.container, 'container')
    const root = roots.find(parsed.container.from)
    const { signal } = parsed
    const unwanted = (): CaissonError | undefined => this.#unwanted(signal)
    const first = unwanted()
    if (first !== undefined) throw first
    // what is durable needs no release: from here on it is the record's
    const needs = {
      spec: parsed.container,
      root,
      limits: plan,
      snapshots: undefined,
      writes: this.#parts.writes,
      ownPlaces: this.#parts.ownPlaces,
      scope: 'container' as const,
      signal,
    }
    return withLeases(needs, unwanted, async ({ request, held }) => {
      const asked = signal === undefined ? request : { ...request, signal }
      const container = await this.#detachments
        .create(asked, held, parsed, plan)
        .catch((error: unknown) => {
          throw signal?.aborted === true ? (unwanted() ?? error) : error
        })
      this.#events.emit('container', container)
      return container
    })
  }

  #unwanted(signal: AbortSignal | undefined): CaissonError | undefined {
    const why =
      this.#disposed !== undefined
        ? 'the engine was disposed meanwhile'
        : signal?.aborted === true
          ? 'aborted before it stood'
          : undefined
    if (why === undefined) return undefined
    return new CaissonError({
      code: 'ERR_ABORTED',
      what: 'container not made',
      why,
      ...(signal?.aborted === true ? { cause: signal.reason } : {}),
    })
  }

  async #dispose(): Promise<void> {
    const failures: unknown[] = []
    await Promise.allSettled(this.#creating)
    await Promise.allSettled([this.#swept, this.#detachments.detachAll()])
    const runs = [...this.#runs].map(async (run) => {
      run.act({ reason: 'killed', signal: 'SIGKILL' })
      await run.result.then(ignore, ignore)
    })
    const containers = [...this.#containers].map((container) => container.remove())
    for (const settled of await Promise.allSettled([...runs, ...containers])) {
      if (settled.status === 'rejected') failures.push(settled.reason)
    }
    try {
      await this.#parts.scope[Symbol.asyncDispose]()
    } catch (error) {
      failures.push(error)
    }
    const [first, ...later] = failures
    if (failures.length === 0) return
    suppress(first, later)
    throw first
  }

  #alive(): void {
    if (this.#disposed === undefined) return
    throw new CaissonError({ code: 'ERR_DISPOSED', what: 'engine' })
  }
}

/** Who enforces what; limits that the caller allowed to be missing may be. */
function planLimits(
  router: LimitRouter,
  { limits, isolation }: ContainerSpec,
  scope: 'container' | 'one-shot',
): LimitPlan | Promise<LimitPlan> {
  return router.plan(limits, scope, isolation.allowDegraded)
}
