import type { Controller } from './trees.js'

/** One value to be written into a group. */
export interface Setting {
  readonly controller: Controller
  readonly file: string
  readonly value: string
  /** Field of the limit, for errors, e.g. `memory.max`. */
  readonly field: string
}

/** `max` as v1 has it: any negative number, written to a byte counter or a quota. */
export const NO_LIMIT = '-1'

/** A number as the kernel takes it, `max` as `none`. */
export function orNone(value: number | 'max', none = NO_LIMIT): string {
  return value === 'max' ? none : String(value)
}
