import { invalidArgument } from '../errors/invalid-argument.js'
import type { ParsedLimits } from './parsed-limits.js'

/**
 * `limits.disk` and `writable` say the same thing: only one of them may say it.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function refuseTwoSizes(writable: unknown, limits: ParsedLimits): void {
  if (limits.disk === undefined || typeof writable !== 'object' || writable === null) return
  for (const part of ['size', 'inodes'] as const) {
    if (limits.disk[part] === undefined || Reflect.get(writable, part) === undefined) continue
    const why = `writable.${part} is given too`
    throw invalidArgument({ field: `limits.disk.${part}`, why, fix: 'Give one of them.' })
  }
}
