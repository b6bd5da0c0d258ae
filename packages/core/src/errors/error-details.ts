import type { ErrorCode } from './codes.js'

/** What an error is made of. */
export interface ErrorDetails {
  readonly code: ErrorCode
  /** What failed, e.g. `mount`. First part of the message. */
  readonly what: string
  /** What it was about, e.g. a path. Second part of the message. */
  readonly subject?: string | undefined
  /** Why. Last part of the message; default: from `syscall` and `errno`, else the meaning of the code. */
  readonly why?: string | undefined
  /** What a person can do; default: the usual fix of the code. */
  readonly fix?: string | undefined
  readonly cause?: unknown
  /** Name of the driver concerned. */
  readonly driver?: string | undefined
  /** Path of the argument or field, e.g. `limits.memory` or `argv[1]`. */
  readonly field?: string | undefined
  /** Step of the plan that failed, e.g. `overlay`. */
  readonly step?: string | undefined
  readonly syscall?: string | undefined
  /** Name such as `ENOENT`, or its number. */
  readonly errno?: string | number | undefined
  /** Whether the same call may succeed later; default false. */
  readonly retryable?: boolean | undefined
}
