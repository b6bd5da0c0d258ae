import type { ParsedLimits } from '@caisson/core'

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Limits after an update: fields of a limit that it does not name stay. */
export function mergeLimits(before: ParsedLimits, update: ParsedLimits): ParsedLimits {
  const merged: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(update)) {
    const old: unknown = Reflect.get(before, key)
    merged[key] = isPlain(value) && isPlain(old) ? { ...old, ...value } : value
  }
  return Object.freeze(merged)
}
