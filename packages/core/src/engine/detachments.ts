import { DetachedHandle } from '../container/detached-handle.js'
import { holdLimits, noLimits, type HeldLimits } from '../container/held-limits.js'
import type { LimitPlan } from '../container/limit-router.js'
import type { DetachedHolder } from '../contracts/detach.js'
import type { ContainerRequest } from '../contracts/isolation-driver.js'
import type { DiskShare } from '../contracts/store-usage.js'
import { STATE_DIR } from '../contracts/tokens.js'
import { CaissonError } from '../errors/caisson-error.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { isMarkAlive } from '../host/process-mark.js'
import type { ContainerRecord } from '../records/container-record.js'
import { RecordStore, type Swept } from '../records/record-store.js'
import { checkFields, plainObject } from '../spec/check-fields.js'
import type { ParsedSpec } from '../spec/parse-container-spec.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import { parseDuration } from '../values/parse-duration.js'
import { parseText } from '../values/parse-text.js'
import type { EngineParts } from './assemble.js'
import type { DetachedInfo } from './detached-options.js'

const filterFields: ReadonlySet<string> = new Set(['labels'])
const pruneFields: ReadonlySet<string> = new Set(['olderThan'])
const ignore = (): Promise<void> => Promise.resolve()

function unsupported(field: string, why: string, driver?: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'detached container',
    field,
    why,
    driver,
  })
}

/** The age of what `prune` may remove. @throws TypeError or RangeError ERR_INVALID_SPEC */
export function parsePrune(options: unknown): number {
  const { olderThan } = checkFields(options ?? {}, 'options', pruneFields)
  return olderThan === undefined ? 0 : parseDuration(olderThan, 'olderThan')
}

function processSteps(request: ContainerRequest): ContainerRecord['amendment'] {
  return { process: request.amendments.flatMap(({ process }) => process ?? []) }
}

/** An engine's detached containers: those that it made, and those that it finds. */
export class Detachments {
  readonly #parts: EngineParts
  readonly #store: RecordStore
  readonly #warn: (error: unknown) => void
  /** By id: two connections of one process would wait for each other. */
  readonly #handles = new Map<string, DetachedHandle>()

  constructor(parts: EngineParts, warn: (error: unknown) => void) {
    this.#parts = parts
    this.#store = new RecordStore(parts.scope.get(STATE_DIR))
    this.#warn = warn
  }

  /** @throws CaissonError ERR_UNSUPPORTED when the isolation driver cannot */
  check(): void {
    const driver = this.#parts.drivers.find(({ kind }) => kind === 'isolation')
    if (driver?.features.includes('detach')) return
    throw unsupported('detached', 'the isolation driver has no feature `detach`', this.#isolation())
  }

  /** Makes one of what is held for it; undoes its own part when that fails. */
  async create(
    request: ContainerRequest,
    held: HeldLimits,
    parsed: ParsedSpec,
    plan: LimitPlan,
  ): Promise<DetachedHandle> {
    const { isolation } = this.#parts
    this.#checkDurable(request, held)
    const place = { directory: this.#store.directoryOf(request.id), logBytes: parsed.maxLogBytes }
    const recordOf = (holder: DetachedHolder): ContainerRecord => {
      const { key, parts, extras, masked, copyOnWrite } = request.root
      return {
        id: request.id,
        createdMs: Date.now(),
        isolation: this.#isolation(),
        timeoutMs: parsed.timeoutMs,
        maxLogBytes: parsed.maxLogBytes,
        spec: request.spec,
        root: { key, parts, extras, masked, copyOnWrite },
        amendment: processSteps(request),
        enforced: held.enforced,
        degraded: plan.degraded,
        holder,
      }
    }
    let record: ContainerRecord | undefined
    try {
      await isolation.createDetached?.(request, place, async (holder) => {
        record = recordOf(holder)
        this.#store.publish(record)
      })
      if (record === undefined) throw this.#brokeContract()
      return this.#open(record, held, 'created')
    } catch (error) {
      if (record !== undefined) await this.#store.remove(request.id)
      throw error
    }
  }

  /** @throws CaissonError as of `Engine.get` */
  async get(id: unknown): Promise<DetachedHandle> {
    const record = this.#store.read(parseText(id, 'id'))
    const known = this.#handles.get(record.id)
    if (known !== undefined && isMarkAlive(record.holder.owner)) return known
    if (record.isolation !== this.#isolation()) {
      const why = `the isolation driver ${record.isolation} made it`
      throw unsupported('isolation', why, this.#isolation())
    }
    this.check()
    if (!isMarkAlive(record.holder.owner)) {
      const why = 'the process that held it is dead'
      throw new CaissonError({
        code: 'ERR_CONTAINER_GONE',
        what: 'container',
        subject: record.id,
        why,
      })
    }
    return this.#open(record, await this.#holdAgain(record), 'running')
  }

  list(filter: unknown): readonly DetachedInfo[] {
    const { labels } = checkFields(filter ?? {}, 'filter', filterFields)
    const wanted = Object.entries(labels === undefined ? {} : plainObject(labels, 'labels'))
    return this.#records()
      .filter(({ spec }) => wanted.every(([name, value]) => spec.labels[name] === value))
      .toSorted((a, b) => a.createdMs - b.createdMs)
      .map(({ id, spec, createdMs, holder }) =>
        Object.freeze({
          id,
          name: spec.name,
          labels: spec.labels,
          from: spec.from,
          createdAt: new Date(createdMs),
          pid: holder.pid,
        }),
      )
  }

  async prune(olderThanMs: number): Promise<Swept> {
    return this.#store.sweep(olderThanMs)
  }

  usage(): DiskShare {
    return this.#store.usage()
  }

  /** The sweep of an engine's start; it never fails. */
  async sweep(): Promise<void> {
    try {
      await this.#store.sweep(0)
    } catch (error) {
      this.#warn(error)
    }
  }

  /** Lets go of all that this engine has. */
  async detachAll(): Promise<void> {
    await Promise.all([...this.#handles.values()].map((handle) => handle.detach()))
  }

  #records(): readonly ContainerRecord[] {
    const records: ContainerRecord[] = []
    for (const id of this.#store.ids()) {
      try {
        const record = this.#store.read(id)
        if (isMarkAlive(record.holder.owner)) records.push(record)
      } catch (error) {
        // removed meanwhile, or broken: that is told, and keeps nobody from the others
        if (!isCaissonError(error, 'ERR_CONTAINER_NOT_FOUND')) this.#warn(error)
      }
    }
    return records
  }

  #open(record: ContainerRecord, held: HeldLimits, state: 'created' | 'running'): DetachedHandle {
    const { isolation, limits } = this.#parts
    const directory = this.#store.directoryOf(record.id)
    const place = { directory, logBytes: record.maxLogBytes }
    const request = {
      id: record.id,
      spec: record.spec,
      root: { ...record.root, release: ignore },
      amendments: [record.amendment],
    }
    const isolated = isolation.attach?.(request, place, record.holder)
    if (isolated === undefined) throw this.#brokeContract()
    const handle = new DetachedHandle({
      id: record.id,
      spec: record.spec,
      timeoutMs: record.timeoutMs,
      state,
      isolated,
      held,
      features: new Set(this.#parts.drivers.flatMap((driver) => driver.features)),
      degraded: record.degraded,
      limits,
      record,
      directory,
      changed: (effective) => this.#remember(record, held, effective),
      giveBack: async () => {
        this.#handles.delete(record.id)
        try {
          await this.#store.remove(record.id)
          return []
        } catch (error) {
          return [error]
        }
      },
      warn: this.#warn,
    })
    this.#handles.set(record.id, handle)
    return handle
  }

  /** They hold already: what cannot be written down is told, and is no failure. */
  #remember(record: ContainerRecord, held: HeldLimits, limits: ParsedLimits): void {
    try {
      const spec = { ...record.spec, limits }
      this.#store.replace({ ...record, spec, enforced: held.enforced })
    } catch (error) {
      this.#warn(error)
    }
  }

  /** For what limits have to say of ends; the record's own steps are what runs. */
  async #holdAgain(record: ContainerRecord): Promise<HeldLimits> {
    try {
      const plan = await this.#parts.limits.plan(
        record.spec.limits,
        'container',
        record.spec.isolation.allowDegraded,
      )
      return await holdLimits(plan, {
        id: record.id,
        scope: 'container',
        running: record.holder.pid,
      })
    } catch (error) {
      this.#warn(error)
      return { ...noLimits, enforced: record.enforced }
    }
  }

  #checkDurable(request: ContainerRequest, held: HeldLimits): void {
    if (request.root.durable !== true) {
      throw unsupported('from', `the root of ${request.spec.from} does not outlive this process`)
    }
    const lease = held.leases.find(({ durable }) => durable !== true)
    if (lease !== undefined) {
      const why = `${lease.enforced.join(', ')}: these limits do not outlive this process`
      throw unsupported('limits', why)
    }
  }

  #isolation(): string {
    return this.#parts.drivers.find(({ kind }) => kind === 'isolation')?.name ?? ''
  }

  #brokeContract(): CaissonError {
    const why = 'it has the feature `detach` and published no container'
    return new CaissonError({
      code: 'ERR_DRIVER',
      what: 'isolation driver',
      why,
      driver: this.#isolation(),
    })
  }
}
