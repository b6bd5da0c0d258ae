/** Adds failures of cleaning up to the error that came first (`suppressed`), and never puts them in its place. */
export function suppress(first: unknown, later: readonly unknown[]): void {
  if (later.length === 0 || typeof first !== 'object' || first === null) return
  if (!Object.isExtensible(first)) return
  const before: unknown = 'suppressed' in first ? first.suppressed : []
  Object.defineProperty(first, 'suppressed', {
    value: Object.freeze([...(Array.isArray(before) ? before : []), ...later]),
    enumerable: true,
    configurable: true,
  })
}
