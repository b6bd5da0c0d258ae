import type { ProcessEnd } from '../contracts/process.js'
import type { Account, Amendment, LimitLease, LimitRequest } from '../contracts/resource-limiter.js'
import type { ResourceLimiter } from '../contracts/resource-limiter.js'
import { suppress } from '../errors/suppress.js'
import type { LimitVerdict } from '../result/decide-reason.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { LimitPlan } from './limit-router.js'
import { UndoStack } from './undo-stack.js'

/** One limiter's lease, and what it is for. */
export interface HeldPart {
  readonly limiter: ResourceLimiter
  /** As asked for; an update adds to it. */
  limits: ParsedLimits
  readonly lease: LimitLease
}

/** Limits taken hold of. */
export interface HeldLimits {
  readonly parts: readonly HeldPart[]
  readonly leases: readonly LimitLease[]
  readonly amendments: readonly Amendment[]
  readonly verdicts: readonly LimitVerdict[]
  /** An update may add to it. */
  readonly enforced: readonly LimitKey[]
  /** As the kernel has them now. */
  effective(): ParsedLimits
  /** What is weaker than asked for, now. */
  degraded(): readonly string[]
  /** What the first that counts has counted of a command that ended. */
  account(end: ProcessEnd): Account | undefined
  /** Never rejects: says what failed. */
  release(): Promise<readonly unknown[]>
}

const nothing: readonly never[] = Object.freeze([])
const none: ParsedLimits = Object.freeze({})

/** Limits of nobody. */
export const noLimits: HeldLimits = Object.freeze({
  parts: nothing,
  leases: nothing,
  amendments: nothing,
  verdicts: nothing,
  enforced: nothing,
  effective: () => none,
  degraded: () => nothing,
  account: () => undefined,
  release: async () => nothing,
})

/** Steps as they are when a command is started: an update changes them. */
function liveAmendment(lease: LimitLease): Amendment {
  if (lease.update === undefined) return lease.amendment
  return {
    get container() {
      return lease.amendment.container ?? nothing
    },
    get process() {
      return lease.amendment.process ?? nothing
    },
  }
}

function held(plan: LimitPlan, parts: readonly HeldPart[], undo: UndoStack): HeldLimits {
  const leases = parts.map(({ lease }) => lease)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of parsed limits are limits
  const byIsolation = Object.keys(plan.isolation) as LimitKey[]
  return {
    parts,
    leases,
    amendments: leases.map(liveAmendment),
    verdicts: leases.map((lease) => (end) => lease.reason(end)),
    get enforced() {
      return [...new Set([...leases.flatMap((lease) => lease.enforced), ...byIsolation])]
    },
    // the first of a limit is who enforces it, later ones are a floor under it
    effective: () =>
      Object.assign(
        { ...plan.isolation },
        ...parts.map(({ lease, limits }) => lease.effective ?? limits).toReversed(),
      ),
    degraded: () => leases.flatMap((lease) => lease.degraded ?? nothing),
    account: (end) => leases.find((lease) => lease.account !== undefined)?.account?.(end),
    release: () => undo.run(),
  }
}

/** What leases are for, but for their limits. */
export type HoldRequest = Omit<LimitRequest, 'limits' | 'container'> & {
  /** Of a command: what is held for its container. */
  readonly container?: HeldLimits
}

/** Takes hold of limits; when one fails, of none. */
export async function holdLimits(plan: LimitPlan, request: HoldRequest): Promise<HeldLimits> {
  if (plan.parts.length === 0 && Object.keys(plan.isolation).length === 0) return noLimits
  const { container, ...rest } = request
  const parts: HeldPart[] = []
  const undo = new UndoStack()
  try {
    for (const { limiter, limits } of plan.parts) {
      const outer = container?.parts.find((part) => part.limiter === limiter)?.lease
      const lease = await limiter.acquire({
        ...rest,
        limits,
        ...(outer === undefined ? {} : { container: outer }),
      })
      parts.push({ limiter, limits, lease })
      undo.push(() => lease.release())
    }
  } catch (error) {
    suppress(error, await undo.run())
    throw error
  }
  return held(plan, parts, undo)
}
