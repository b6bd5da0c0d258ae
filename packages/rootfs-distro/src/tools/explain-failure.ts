import type { CaissonError, ErrorCode } from '@caisson/core'
import { distroError } from '../distro-error.js'
import type { ToolFailure } from './tool-failure.js'

/** What it means when a tool says something. */
export interface Meaning {
  readonly said: RegExp
  readonly code: ErrorCode
  readonly fix: string
}

/** What a tool said, and how it is read. */
export interface Saying {
  readonly subject: string
  readonly lines: readonly string[]
  readonly failure: ToolFailure
  /** The most telling first. */
  readonly meanings: readonly Meaning[]
  /** What its own errors begin with. */
  readonly errorForm: RegExp
}

function plain(line: string): string {
  return line.replace(/^\s*[EW]: /, '').trim()
}

/** The error that a failure means: the first meaning that one of the lines has; else ERR_ROOTFS_INVALID with its first error. */
export function explainFailure(saying: Saying): CaissonError {
  const { subject, lines, failure, meanings, errorForm } = saying
  for (const { said, code, fix } of meanings) {
    const line = lines.find((one) => said.test(one))
    if (line !== undefined) return distroError(code, subject, plain(line), fix, failure)
  }
  const why = lines.find((line) => errorForm.test(line)) ?? lines.at(-1) ?? 'it said nothing'
  const fix = 'See what it said: the cause of this error has its last lines.'
  return distroError('ERR_ROOTFS_INVALID', subject, plain(why), fix, failure)
}
