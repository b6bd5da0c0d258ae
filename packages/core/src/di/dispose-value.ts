type Dispose = () => unknown

function methodOf(value: object, key: PropertyKey): Dispose | undefined {
  const method: unknown = Reflect.get(value, key)
  return typeof method === 'function' ? (): unknown => Reflect.apply(method, value, []) : undefined
}

/** How a value is disposed: `Symbol.asyncDispose`, else `Symbol.dispose`, else `dispose()`; undefined: not at all. */
export function disposerOf(value: unknown): Dispose | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (
    methodOf(value, Symbol.asyncDispose) ??
    methodOf(value, Symbol.dispose) ??
    methodOf(value, 'dispose')
  )
}
