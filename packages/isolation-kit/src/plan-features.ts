/** What every driver that hands plans of this kit to the launcher can do, whichever way it enters the root. */
export const planFeatures = [
  'userns',
  'seccomp',
  'copyOnWrite',
  'files',
  'detach',
  'pty',
  'commandInit',
  'snapshots',
  'rootCopies',
] as const

/** One of `planFeatures`. */
export type PlanFeature = (typeof planFeatures)[number]
