import { plainObject } from './check-fields.js'

/** What a program that nobody trusts gets of the machine, unless the caller says otherwise. */
const required = Object.freeze({ pids: 64, memory: '256MiB' })
/** Where a limiter can; else the isolation driver sets it for each process; an end by it is a signal then. */
const cpuTime = '60s'

/**
 * Limits as the caller wrote them, with those that `profile: 'strict'` asks for. They count as asked for: where no limiter
 * enforces one, that is an error, unless `allowDegraded` names it.
 */
export function strictLimits(given: unknown, declared: ReadonlySet<string>): unknown {
  const own = given === undefined ? {} : plainObject(given, 'limits')
  const all = { ...required, ...own }
  // of one user, of which a strict container has one: never below what the caller allows all together
  const counted = declared.has('processes') ? { processes: all.pids } : {}
  return { ...(declared.has('cpuTime') ? { cpuTime } : {}), ...counted, ...all }
}
