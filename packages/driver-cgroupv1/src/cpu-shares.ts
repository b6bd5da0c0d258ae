/** Shares that the kernel gives a new group, and bounds of what it takes: kernel/sched/sched.h. */
const DEFAULT_SHARES = 1024
const MIN_SHARES = 2
const MAX_SHARES = 262_144
const DEFAULT_WEIGHT = 100

/**
 * `cpu.shares` of a weight from 1 to 10000. Proportional, so that two weights stand to each other as the shares do, and the
 * default is the default: 100 is 1024. Above 25600 the kernel knows no more, so no weight of ours is cut.
 */
export function sharesOf(weight: number): number {
  const shares = Math.round((weight * DEFAULT_SHARES) / DEFAULT_WEIGHT)
  return Math.min(Math.max(shares, MIN_SHARES), MAX_SHARES)
}

/** The weight that such shares stand for. */
export function weightOf(shares: number): number {
  return Math.min(Math.max(Math.round((shares * DEFAULT_WEIGHT) / DEFAULT_SHARES), 1), 10_000)
}
