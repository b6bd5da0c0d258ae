import { statSync } from 'node:fs'
import { cpus } from 'node:os'

/** What plans need to know of the host that is in no spec. */
export interface PlanHost {
  /** `process.arch`. */
  readonly arch: string
  readonly cpus: number
  /** Whether a host path is a directory; undefined when there is nothing. */
  isDirectory(path: string): boolean | undefined
}

/** This host. */
export const thisHost: PlanHost = Object.freeze({
  arch: process.arch,
  cpus: cpus().length,
  isDirectory: (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory(),
})
