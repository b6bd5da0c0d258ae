import type { Token } from './token.js'

/** Every registration of a token: the parents' first, [] when there is none. */
export interface Many<T> {
  readonly all: Token<T>
}

/** The registration of a token, or undefined when there is none. */
export interface Maybe<T> {
  readonly optional: Token<T>
}

/** What a driver may ask to be given: one, all that there are (`Many`), or one if there is any (`Maybe`). */
export type Dep = Token<unknown> | Many<unknown> | Maybe<unknown>

/** What is to be injected, by the name under which it is wanted. */
export type Deps = Readonly<Record<string, Dep>>

/** What one dependency resolves to. */
export type ValueOf<D> =
  D extends Many<infer T>
    ? readonly T[]
    : D extends Maybe<infer T>
      ? T | undefined
      : D extends Token<infer T>
        ? T
        : never

/** What dependencies resolve to. */
export type Resolved<D extends Deps> = { readonly [K in keyof D]: ValueOf<D[K]> }

/** Asks for every registration of a token. */
export function all<T>(t: Token<T>): Many<T> {
  return { all: t }
}

/** Asks for a token that may be missing. */
export function optional<T>(t: Token<T>): Maybe<T> {
  return { optional: t }
}
