import { CaissonError } from '@caisson/core'
import type { SweptSlots } from './sweep-slots.js'

/** @throws CaissonError ERR_LIMIT when something was not removed, naming all of it */
export function throwIfLeft({ failed }: SweptSlots, driver: string): void {
  const [first] = failed
  if (first === undefined) return
  throw new CaissonError({
    code: 'ERR_LIMIT',
    what: 'control groups not removed',
    subject: failed.map(({ slot }) => slot).join(', '),
    why: first.error instanceof Error ? first.error.message : String(first.error),
    driver,
    cause: first.error,
    retryable: true,
  })
}
