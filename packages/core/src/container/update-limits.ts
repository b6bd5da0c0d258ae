import type { UpdateOptions, UpdateResult } from '../contracts/features.js'
import type { BelowUsage } from '../contracts/resource-limiter.js'
import { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { suppress } from '../errors/suppress.js'
import { checkFields } from '../spec/check-fields.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { HeldLimits, HeldPart } from './held-limits.js'
import type { LimitPlan } from './limit-router.js'

const optionFields: ReadonlySet<string> = new Set(['belowUsage'])
const policies: readonly unknown[] = ['reject', 'reclaim', 'kill'] satisfies BelowUsage[]

function isPolicy(value: unknown): value is BelowUsage {
  return policies.includes(value)
}

/** @throws TypeError ERR_INVALID_SPEC */
export function parseUpdateOptions(options: UpdateOptions | undefined): BelowUsage {
  const { belowUsage = 'reject' } = checkFields(options ?? {}, 'options', optionFields)
  if (isPolicy(belowUsage)) return belowUsage
  const why = 'must be `reject`, `reclaim` or `kill`'
  throw invalidArgument({ field: 'options.belowUsage', why })
}

/** Where a limit stands that was never set. */
const lifted: ParsedLimits = {
  memory: { max: 'max' },
  cpu: { quotaUs: 'max', periodUs: 100_000, weight: 100 },
  pids: 'max',
}

function refuse(limits: ParsedLimits, why: string): CaissonError {
  const [key = ''] = Object.keys(limits)
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'limit not changeable',
    subject: key,
    field: `limits.${key}`,
    why,
    fix: 'Give it when the container is made.',
  })
}

/** The values that an update of these limits would change back to. */
function before({ lease, limits }: HeldPart, changed: ParsedLimits): ParsedLimits {
  const now: ParsedLimits = { ...lifted, ...limits, ...lease.effective }
  return Object.fromEntries(Object.entries(now).filter(([key]) => Object.hasOwn(changed, key)))
}

/** Which lease changes what. @throws CaissonError ERR_UNSUPPORTED naming the limit, before anything is changed */
function pair(
  held: HeldLimits,
  plan: LimitPlan,
): { readonly part: HeldPart; readonly limits: ParsedLimits }[] {
  if (Object.keys(plan.isolation).length > 0) {
    throw refuse(plan.isolation, 'the isolation driver sets it when the container is made')
  }
  return plan.parts.map(({ limiter, limits }) => {
    const part = held.parts.find((it) => it.limiter === limiter)
    if (part?.lease.update !== undefined) return { part, limits }
    throw refuse(limits, 'its limiter has not the feature `update`')
  })
}

/**
 * Changes limits that are held, one limiter after another; when one fails, those before it are changed back.
 * @throws CaissonError ERR_UNSUPPORTED and what limiters throw
 */
export async function updateLimits(
  held: HeldLimits,
  plan: LimitPlan,
  belowUsage: BelowUsage,
): Promise<UpdateResult> {
  const changes = pair(held, plan)
  const undo: (() => Promise<unknown>)[] = []
  const notes: string[] = [...plan.degraded]
  for (const { part, limits } of changes) {
    const old = before(part, limits)
    try {
      const updated = await part.lease.update?.(limits, belowUsage)
      notes.push(...(updated?.notes ?? []))
    } catch (error) {
      for (const back of undo.toReversed()) {
        await back().catch((failure: unknown) => suppress(error, [failure]))
      }
      throw error
    }
    undo.push(async () => part.lease.update?.(old, 'kill'))
  }
  for (const { part, limits } of changes) part.limits = Object.freeze({ ...part.limits, ...limits })
  return Object.freeze({ effective: held.effective(), notes: Object.freeze(notes) })
}
