import { invalidArgument } from '../errors/invalid-argument.js'

declare const valueOf: unique symbol

/** Names what is injected, with its type. It is a plain symbol, so a raw tsyringe `@inject(TOKEN)` takes it too. */
export type Token<T> = symbol & { readonly [valueOf]?: () => T }

const form = /^(?:[a-z0-9@._-]+\/)*[A-Za-z][A-Za-z0-9]*$/

/**
 * A token. Equal names are equal tokens, in every copy of this package.
 * @param name `Name` for `caisson/Name@1`, or with a prefix of your own: `acme/Name`
 * @param version of what it stands for; default 1
 */
export function token<T>(name: string, version = 1): Token<T> {
  if (typeof name !== 'string' || !form.test(name)) {
    throw invalidArgument({
      field: 'name',
      why: 'must be like `Name` or `acme/Name`',
      code: 'ERR_DI',
    })
  }
  const full = name.includes('/') ? name : `caisson/${name}`
  return Symbol.for(`${full}@${version}`)
}

/** A token's name, for messages. */
export function tokenName(t: symbol): string {
  return t.description ?? 'unnamed token'
}
