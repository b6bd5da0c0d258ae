import { CaissonError } from '../errors/caisson-error.js'
import { annotate } from './container.js'
import type { Dep, Many, Maybe } from './deps.js'
import { SCOPE, type Scope } from './scope.js'
import type { Token } from './token.js'

type DepFor<A> =
  | Token<A>
  | (A extends readonly (infer E)[] ? Many<E> : never)
  | (undefined extends A ? Maybe<Exclude<A, undefined>> : never)

type DepsFor<A extends readonly unknown[]> = { readonly [I in keyof A]-?: DepFor<A[I]> }

/** Takes a dependency from the scope that asks, so that `all` is additive for classes too. */
class FromScope {
  transform(scope: Scope, dep: Dep): unknown {
    return scope.resolveOne(dep)
  }
}

/**
 * Makes a class injectable without decorators: one token (or `all`, `optional`) for each parameter, in order.
 * Resolve it by `scope.make(Class)`.
 * @throws CaissonError ERR_DI when a parameter has no token
 */
export function asInjectable<A extends readonly unknown[]>(
  target: new (...args: [...A]) => unknown,
  ...deps: DepsFor<A>
): void {
  if (deps.length < target.length) {
    const why = `${target.length} parameters, but ${deps.length} tokens`
    throw new CaissonError({ code: 'ERR_DI', what: 'asInjectable', subject: target.name, why })
  }
  annotate(target, SCOPE, FromScope, deps)
}
