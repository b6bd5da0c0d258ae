/** Error numbers that a profile may answer with. */
export type ErrnoName = 'EPERM' | 'EACCES' | 'EINVAL' | 'ENOSYS' | 'ENOTSUP' | 'EAFNOSUPPORT'

/** What happens to a call. `log` lets it pass and tells the audit log. */
export type SeccompAction =
  'allow' | 'log' | 'trap' | 'kill-thread' | 'kill-process' | `errno:${ErrnoName}`

/** A test of one argument as an unsigned 64-bit number. All tests of a rule must hold. */
export interface ArgumentTest {
  /** 0 to 5. */
  readonly index: number
  readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'masked-eq'
  /** Compared with; for `masked-eq` it must have no bit outside the mask. */
  readonly value: number | bigint
  /**
   * For `masked-eq` alone: the bits compared. An argument that the kernel reads as an int needs 0xffffffff: the bits above are
   * the caller's to choose, and `eq` or `ne` would see another number than the kernel does.
   */
  readonly mask?: number | bigint
}

/** What happens to calls of these names. */
export interface SeccompRule {
  /** Why the rule is there. */
  readonly about: string
  /** Names no architecture knows are an error when the action denies, and ignored with a diagnostic when it allows. */
  readonly names: readonly string[]
  readonly action: SeccompAction
  readonly args?: readonly ArgumentTest[]
  /** The rule is in force when the container has this capability (name without CAP_). */
  readonly withCapability?: string
  /** The rule is in force when the container lacks this capability. */
  readonly withoutCapability?: string
}

/**
 * A filter as people read it. Of all rules that match a call the most restrictive wins, whatever their order
 * (kill-process, kill-thread, trap, errno, log, allow; of two error numbers the smaller).
 */
export interface SeccompProfile {
  /** For calls that no rule matches. */
  readonly otherwise: SeccompAction
  /** For numbers that have no name: holes, calls newer than the table and x32's. */
  readonly unknown: SeccompAction
  /** For calls by another architecture's convention, e.g. i386's. */
  readonly foreign: SeccompAction
  readonly rules: readonly SeccompRule[]
}
