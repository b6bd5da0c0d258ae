/** Calls a method as JavaScript would: with any arguments at all. Whatever goes wrong is a rejection. */
export async function call(
  target: object,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const found: unknown = Reflect.get(target, method)
  if (typeof found !== 'function') throw new Error(`no method ${method}`)
  return Reflect.apply(found, target, args)
}
