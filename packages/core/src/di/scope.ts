import { CaissonError } from '../errors/caisson-error.js'
import {
  construct,
  createRawContainer,
  isAnnotated,
  type Constructor,
  type RawContainer,
} from './container.js'
import type { Dep, Deps, Resolved } from './deps.js'
import { disposerOf } from './dispose-value.js'
import { tokenName, type Token } from './token.js'

interface Made {
  readonly name: string
  readonly dispose: () => unknown
}

/** Resolves to the scope that asks. */
export const SCOPE: Token<Scope> = Symbol.for('caisson/Scope@1')

/** A factory and the token it makes a value for. */
interface Registration {
  readonly token: symbol
}

/** What is being made right now, outermost first; making is synchronous, so one list serves all scopes. */
const making: Registration[] = []

function pathOf(registrations: readonly Registration[]): string {
  return registrations.map((registration) => tokenName(registration.token)).join(' -> ')
}

/** Where implementations are registered under tokens and taken from. It disposes what it made. */
export class Scope implements AsyncDisposable {
  readonly #raw: RawContainer
  readonly #parent: Scope | undefined
  readonly #lists = new Map<symbol, (() => unknown)[]>()
  readonly #made: Made[] = []
  #disposed: Promise<void> | undefined

  private constructor(raw: RawContainer, parent: Scope | undefined) {
    this.#raw = raw
    this.#parent = parent
    raw.register(SCOPE, { useValue: this })
  }

  /** A scope that sees nothing but what is registered in it. */
  static root(): Scope {
    return new Scope(createRawContainer(), undefined)
  }

  /** A scope that sees this one's registrations too. Dispose it before this one. */
  child(): Scope {
    this.#alive('child')
    return new Scope(this.#raw.createChildContainer(), this)
  }

  /** Registers a value; it stays the caller's and is never disposed here. */
  value<T>(t: Token<T>, value: NoInfer<T>): this {
    return this.#register(t, () => value)
  }

  /**
   * Registers how to make a value: at most once, when first asked for, in this scope and with this scope's
   * dependencies even when a child asks. Disposed with this scope, last made first.
   * @param make synchronous; what takes time belongs in a method of the value
   */
  provide<T, const D extends Deps>(
    t: Token<T>,
    deps: D,
    make: (deps: Resolved<D>) => NoInfer<T>,
  ): this {
    let box: { readonly value: T } | undefined
    const registration: Registration = { token: t }
    return this.#register(t, () => {
      box ??= { value: this.#make(registration, () => make(this.resolve(deps))) }
      return box.value
    })
  }

  /**
   * What is registered under a token; the last registration when there are several.
   * @throws CaissonError ERR_DI when nothing is, ERR_DISPOSED after the end
   */
  get<T>(t: Token<T>): T {
    this.#alive(tokenName(t))
    if (!this.has(t)) {
      const needed = making.length > 0 ? `; needed by ${pathOf(making)}` : ''
      throw new CaissonError({
        code: 'ERR_DI',
        what: 'inject',
        subject: tokenName(t),
        why: `nothing is registered${needed}`,
      })
    }
    return this.#raw.resolve<T>(t)
  }

  /** Every registration, the parents' first; [] when there is none. */
  all<T>(t: Token<T>): readonly T[] {
    this.#alive(tokenName(t))
    const own = this.#lists.get(t) ?? []
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only makers of T are kept under this token
    return [...(this.#parent?.all(t) ?? []), ...own.map((get) => get() as T)]
  }

  /** Whether this scope or a parent has a registration. */
  has(t: Token<unknown>): boolean {
    return this.#raw.isRegistered(t, true)
  }

  /** Resolves several at once. */
  resolve<const D extends Deps>(deps: D): Resolved<D> {
    const entries = Object.entries(deps).map(([name, dep]) => [name, this.resolveOne(dep)])
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries are those of Resolved<D>, one by one
    return Object.fromEntries(entries) as Resolved<D>
  }

  /**
   * A new instance of a class that `asInjectable` (or decorators) described. It is the caller's: not kept, not disposed.
   * @throws CaissonError ERR_DI when the class is not described or a dependency is missing
   */
  make<T>(target: Constructor<T>): T {
    this.#alive(target.name)
    if (!isAnnotated(target)) {
      const why = 'says nothing of its own parameters; describe it by asInjectable()'
      throw new CaissonError({ code: 'ERR_DI', what: 'make', subject: target.name, why })
    }
    return construct(this.#raw, target)
  }

  /** One dependency: the token's value, all of its values, or undefined when it is optional and missing. */
  resolveOne(dep: Dep): unknown {
    if (typeof dep === 'symbol') return this.get(dep)
    if ('all' in dep) return this.all(dep.all)
    return this.has(dep.optional) ? this.get(dep.optional) : undefined
  }

  /** The tsyringe container, for those who want its decorators. Its own `dispose()` is not ours to call. */
  get raw(): unknown {
    return this.#raw
  }

  /**
   * Disposes what this scope made, last made first, one after another; a failure does not keep the others from it.
   * Idempotent.
   * @throws CaissonError ERR_DI with an AggregateError as cause
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    const failed: string[] = []
    const errors: unknown[] = []
    for (const { name, dispose } of this.#made.splice(0).toReversed()) {
      try {
        await dispose()
      } catch (error) {
        failed.push(name)
        errors.push(error)
      }
    }
    if (errors.length === 0) return
    throw new CaissonError({
      code: 'ERR_DI',
      what: 'dispose',
      subject: failed.join(', '),
      why: errors.map(String).join('; '),
      cause: new AggregateError(errors),
    })
  }

  #register(t: symbol, get: () => unknown): this {
    this.#alive(tokenName(t))
    this.#raw.register(t, { useFactory: get })
    const list = this.#lists.get(t)
    if (list === undefined) this.#lists.set(t, [get])
    else list.push(get)
    return this
  }

  #make<T>(registration: Registration, make: () => T): T {
    const subject = tokenName(registration.token)
    const start = making.indexOf(registration)
    if (start >= 0) {
      const path = pathOf([...making.slice(start), registration])
      throw new CaissonError({ code: 'ERR_DI', what: 'inject', subject: path, why: 'a cycle' })
    }
    making.push(registration)
    try {
      const value = make()
      if (value instanceof Promise) {
        value.catch(() => {})
        const why = 'made a promise; make it at once, and wait in one of its methods'
        throw new CaissonError({ code: 'ERR_DI', what: 'inject', subject, why })
      }
      const dispose = disposerOf(value)
      if (dispose !== undefined) this.#made.push({ name: subject, dispose })
      return value
    } finally {
      making.pop()
    }
  }

  #alive(subject: string): void {
    if (this.#disposed === undefined) return
    throw new CaissonError({
      code: 'ERR_DISPOSED',
      what: 'inject',
      subject,
      why: 'the scope is disposed',
    })
  }
}
