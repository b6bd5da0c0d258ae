import { readFileSync, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { trustedProgram } from '@caisson/core'
import { parseHardLimits } from './hard-limits.js'

/** What a file is, whatever it is called. */
export interface FileIdentity {
  readonly device: bigint
  readonly inode: bigint
}

/** What plans need to know of the host that is in no spec. */
export interface PlanHost {
  /** `process.arch`. */
  readonly arch: string
  readonly cpus: number
  /** Hard limits of this process, which no container of it can exceed, by RLIMIT_* number; absent: unlimited. */
  readonly hardLimits: ReadonlyMap<number, bigint>
  /** Whether a host path is a directory; undefined when there is nothing. */
  isDirectory(path: string): boolean | undefined
  /** Which file a host path is; undefined when there is nothing, or it does not matter. */
  identify(path: string): FileIdentity | undefined
  /** Absolute path of a program that root alone can have put there (core's `trustedProgram`); undefined when there is none. */
  program(name: string): string | undefined
}

function readHostText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // not on Linux: plans can be made and explained there, too
    return ''
  }
}

/** This host. */
export const thisHost: PlanHost = Object.freeze({
  arch: process.arch,
  cpus: cpus().length,
  hardLimits: parseHardLimits(readHostText('/proc/self/limits')),
  isDirectory: (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory(),
  identify: (path: string) => {
    const found = statSync(path, { throwIfNoEntry: false, bigint: true })
    return found === undefined ? undefined : { device: found.dev, inode: found.ino }
  },
  program: (name: string) => trustedProgram(name),
})
