import type { Protection } from '../result/protection.js'

/** What holds a command apart from the host: said by the driver, of the steps that were carried out. */
export interface Holding {
  readonly protections: readonly Protection[]
  /** What is weaker than asked for, in words; only what the spec's `allowDegraded` names. */
  readonly degraded: readonly string[]
}

/** Of drivers that do not say. */
export const noHolding: Holding = Object.freeze({
  protections: Object.freeze([]),
  degraded: Object.freeze([]),
})
