import type { Deps, Resolved } from '../di/deps.js'
import type { Scope } from '../di/scope.js'
import type { LimitKey } from '../spec/limits.js'
import type { Escape } from './escapes.js'
import type { Feature } from './features.js'
import type { IsolationDriver } from './isolation-driver.js'
import type { Probe } from './probe.js'
import type { ResourceLimiter } from './resource-limiter.js'
import type { RootfsProvider } from './rootfs-provider.js'
import { checkDriverDefinition } from './check-driver.js'

/** The three things a driver can be. */
export type DriverKind = 'rootfs' | 'isolation' | 'limiter'

/** What a driver of kind `K` makes. */
export type DriverImplementation<K extends DriverKind, L extends LimitKey = LimitKey> = {
  readonly rootfs: RootfsProvider
  readonly isolation: IsolationDriver
  readonly limiter: ResourceLimiter<L>
}[K]

/** Defaults that a driver brings along, e.g. the launcher. */
export interface DriverModule {
  readonly name: string
  /** Registers them in the scope, each only if its token has nothing yet. Called more than once. */
  install(scope: Scope): void
}

/** What a driver says of itself, before anything is made. */
export interface DriverManifest<
  K extends DriverKind = DriverKind,
  L extends LimitKey = LimitKey,
  F extends Feature = Feature,
> {
  readonly kind: K
  /** e.g. `pivotroot`; lower case letters, digits and `-`. */
  readonly name: string
  /** Version of the contract. */
  readonly apiVersion: 1
  /** rootfs: the schemes it answers to, without the colon, at least one. */
  readonly schemes: readonly string[]
  /** limiter: the limits it enforces; isolation: those it enforces itself, out of the spec (`disk`). */
  readonly limits: readonly L[]
  /** What else it brings. */
  readonly features: readonly F[]
  /**
   * isolation: ideas for getting out that succeed in its containers under the defaults, or with capabilities that other
   * drivers can grant without harm. Everything else of `escapes` it holds.
   */
  readonly notHeld: readonly Escape[]
}

/** A driver: frozen, stateless, made by `defineDriver`. */
export interface Driver<
  K extends DriverKind = DriverKind,
  L extends LimitKey = LimitKey,
  F extends Feature = Feature,
> extends DriverManifest<K, L, F> {
  readonly modules: readonly DriverModule[]
  /**
   * What this host gives. Never throws, never changes the host.
   * @param scope where its dependencies come from; its modules are installed there first
   */
  probe(scope: Scope): Promise<Probe>
  /**
   * Makes the implementation, with dependencies from the scope.
   * @throws CaissonError ERR_DI, ERR_DRIVER
   */
  create(scope: Scope): DriverImplementation<K, L>
}

/** What `defineDriver` takes. */
export interface DriverDefinition<
  K extends DriverKind,
  D extends Deps,
  L extends LimitKey,
  F extends Feature,
> {
  readonly kind: K
  readonly name: string
  readonly apiVersion: 1
  /** rootfs only, and required there. */
  readonly schemes?: readonly string[]
  /** Required of a limiter; default none. */
  readonly limits?: readonly L[]
  /** Default: none. */
  readonly features?: readonly F[]
  /** isolation only. Default: none, so that it claims to hold every one of `escapes`. */
  readonly notHeld?: readonly Escape[]
  readonly modules?: readonly DriverModule[]
  /** What `probe` and `create` get. Default: nothing. */
  readonly inject?: D
  /** Must not throw nor change the host. */
  probe(deps: Resolved<D>): Promise<Probe>
  /** Synchronous and cheap: what takes time belongs in the methods of what it makes. */
  create(deps: Resolved<D>): DriverImplementation<K, NoInfer<L>>
}

/**
 * Makes a driver.
 * @throws CaissonError ERR_DRIVER when the definition breaks the contract; it names the field
 */
export function defineDriver<
  const K extends DriverKind,
  const D extends Deps = Readonly<Record<string, never>>,
  const L extends LimitKey = never,
  const F extends Feature = never,
>(definition: DriverDefinition<K, D, L, F>): Driver<K, L, F> {
  checkDriverDefinition(definition)
  const modules = Object.freeze([...(definition.modules ?? [])])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- absent means that there is nothing to inject
  const inject = Object.freeze({ ...definition.inject }) as D
  const prepare = (scope: Scope): Resolved<D> => {
    for (const module of modules) module.install(scope)
    return scope.resolve(inject)
  }
  return Object.freeze({
    kind: definition.kind,
    name: definition.name,
    apiVersion: 1 as const,
    schemes: Object.freeze([...(definition.schemes ?? [])]),
    limits: Object.freeze([...(definition.limits ?? [])]),
    features: Object.freeze([...(definition.features ?? [])]),
    notHeld: Object.freeze([...(definition.notHeld ?? [])]),
    modules,
    probe: async (scope: Scope): Promise<Probe> => {
      try {
        return await definition.probe(prepare(scope))
      } catch (error) {
        return failedProbe(error)
      }
    },
    create: (scope: Scope) => definition.create(prepare(scope)),
  })
}

function failedProbe(error: unknown): Probe {
  const what = error instanceof Error ? error.message : String(error)
  const known =
    typeof error === 'object' && error !== null && 'fix' in error ? error.fix : undefined
  const fix = typeof known === 'string' ? known : 'See the message.'
  return { ok: false, missing: [{ what, fix }], degraded: [], facts: {} }
}
