import type { Keeper, LookedAt } from '../container/keeper.js'
import { newId } from '../container/new-id.js'
import { ReplaceableContainer } from '../container/replaceable.js'
import { SnapshotHandle } from '../container/snapshot-handle.js'
import type { HeldLimits } from '../container/held-limits.js'
import type { DirectoryJail, JailOptions } from '../contracts/directory-jail.js'
import type { Feature } from '../contracts/features.js'
import type { ContainerRequest, IsolatedContainer } from '../contracts/isolation-driver.js'
import { LAUNCHER } from '../contracts/tokens.js'
import { CaissonError } from '../errors/caisson-error.js'
import { suppress } from '../errors/suppress.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import { keyOf, type ParsedSpec } from '../spec/parse-container-spec.js'
import type { EngineParts } from './assemble.js'
import { ContainerRoot } from './container-root.js'
import { withLeases } from './one-shot.js'

/** What containers that stay are made with. */
export interface ContainerMakerParts {
  readonly engine: EngineParts
  readonly features: ReadonlySet<Feature>
  readonly warn: (error: unknown) => void
  /** Why one is not to be made any more. */
  readonly unwanted: (signal: AbortSignal | undefined) => CaissonError | undefined
  readonly made: (container: SnapshotHandle) => void
  readonly removed: (container: SnapshotHandle) => void
}

/** Makes containers that stay, and makes them anew. */
export class ContainerMaker {
  readonly #parts: ContainerMakerParts

  constructor(parts: ContainerMakerParts) {
    this.#parts = parts
  }

  /** @throws CaissonError the codes of `engine.create` */
  async create(parsed: ParsedSpec): Promise<SnapshotHandle> {
    const { signal, timeoutMs, container: spec } = parsed
    const { engine, unwanted, warn, features } = this.#parts
    const { limits, roots, snapshots, writes } = engine
    refuseCommandInit(parsed)
    const plan = await limits.plan(spec.limits, 'container', spec.isolation.allowDegraded)
    const root = roots.find(spec.from)
    const check = (): CaissonError | undefined => unwanted(signal)
    const first = check()
    if (first !== undefined) throw first
    const { ownPlaces } = engine
    const scope = 'container' as const
    const needs = { spec, root, limits: plan, snapshots, writes, ownPlaces, scope, signal }
    return withLeases(needs, check, async ({ request, held, undo, root: own }) => {
      const isolated = new ReplaceableContainer(await this.#start(request, held, signal))
      const onAbort = (): void => {
        container.end('aborted').catch(warn)
      }
      const container = new SnapshotHandle({
        id: request.id,
        spec: request.spec,
        timeoutMs,
        isolated,
        held,
        degraded: [...own.degraded, ...plan.degraded],
        limits,
        features,
        keeper: this.#keeper(parsed, request, held, own),
        giveBack: async () => {
          this.#parts.removed(container)
          signal?.removeEventListener('abort', onAbort)
          return undo.run()
        },
        warn,
      })
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#parts.made(container)
      return container
    })
  }

  async #start(
    request: ContainerRequest,
    held: HeldLimits,
    signal: AbortSignal | undefined,
  ): Promise<IsolatedContainer> {
    const isolated = await this.#isolate(request, signal)
    try {
      for (const lease of held.leases) await lease.attach?.(isolated.pid)
      const late = this.#parts.unwanted(signal)
      if (late !== undefined) throw late
    } catch (error) {
      await isolated.remove().catch((later: unknown) => suppress(error, [later]))
      throw error
    }
    return isolated
  }

  async #isolate(
    request: ContainerRequest,
    signal: AbortSignal | undefined,
  ): Promise<IsolatedContainer> {
    const { isolation } = this.#parts.engine
    if (signal === undefined) return isolation.create(request)
    try {
      return await isolation.create({ ...request, signal })
    } catch (error) {
      throw signal.aborted ? (this.#parts.unwanted(signal) ?? error) : error
    }
  }

  #keeper(
    parsed: ParsedSpec,
    request: ContainerRequest,
    held: HeldLimits,
    root: ContainerRoot,
  ): Keeper | undefined {
    const { roots, snapshots } = this.#parts.engine
    if (snapshots === undefined) return undefined
    return {
      store: snapshots,
      get origin() {
        return root.origin
      },
      get place() {
        return root.place
      },
      isCopy: root.isCopy,
      remake: async (from) => {
        await root.change(from === undefined ? undefined : roots.find(from))
        return this.#start({ ...request, ...root.request }, held, parsed.signal)
      },
      fork: (from) => {
        const spec = { ...parsed.container, from }
        const container = Object.freeze({ ...spec, key: keyOf(spec) })
        return this.create({ ...parsed, container })
      },
      look: (from) => this.#look(request.spec, from, root.isCopy, parsed.signal),
      jail: (directory, options) => this.#jail(directory, options),
    }
  }

  async #look(
    spec: ContainerSpec,
    from: string,
    isCopy: boolean,
    signal: AbortSignal | undefined,
  ): Promise<LookedAt> {
    const { isolation, roots, snapshots, writes } = this.#parts.engine
    const id = newId()
    const { upperOn: _, ...inMemory } = spec
    // a copy is as large as the root
    const asked = isCopy ? { ...spec, upperOn: 'disk' as const } : inMemory
    const source = roots.find(from)
    const root = await ContainerRoot.take({ id, spec: asked, source, signal, snapshots, writes })
    try {
      const isolated = await isolation.create({ id, spec, ...root.request, amendments: [] })
      return {
        files: isolated.files?.(),
        [Symbol.asyncDispose]: async () => {
          await isolated.remove()
          await root.release()
        },
      }
    } catch (error) {
      await root.release().catch((later: unknown) => suppress(error, [later]))
      throw error
    }
  }

  async #jail(directory: string, options?: JailOptions): Promise<DirectoryJail> {
    const { scope } = this.#parts.engine
    const launcher = scope.has(LAUNCHER) ? scope.get(LAUNCHER) : undefined
    const jail = await launcher?.jail?.(directory, options)
    if (jail !== undefined) return jail
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'apply',
      subject: directory,
      field: 'hostDirectory',
      why: 'the launcher registered in the scope of this engine cannot serve a host directory',
      fix: 'Use the launcher of @caisson/launcher.',
    })
  }
}

/** A container that stays has commands come and go; none of them can be its pid 1. */
export function refuseCommandInit({ container }: ParsedSpec): void {
  if (container.init === 'reaper') return
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'option not supported',
    subject: 'init',
    field: 'init',
    why: 'a container that stays needs a pid 1 that stays',
    fix: "Pass `init: 'command'` to run(), or leave it out.",
  })
}
