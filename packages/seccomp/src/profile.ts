/**
 * What happens to a call. `LOG` lets it pass and tells the audit log; `KILL` is `KILL_THREAD`. `SCMP_ACT_TRACE` and
 * `SCMP_ACT_NOTIFY` need a supervisor and are refused.
 */
export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_KILL_PROCESS'

/** How an argument is compared, as an unsigned number. */
export type SeccompOperator =
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_MASKED_EQ'

/** A number of 64 bits. What a JSON number cannot hold exactly (more than 53 bits) is a bigint or a string, `0x…` or decimal. */
export type SeccompNumber = number | bigint | string

/** A test of one argument. */
export interface SeccompArgument {
  /** 0 to 5. */
  readonly index: number
  readonly op: SeccompOperator
  /**
   * Compared with; for `SCMP_CMP_MASKED_EQ` the mask. An argument that the kernel reads as an int needs that with the mask
   * 0xffffffff: the bits above are the caller's to choose, and `EQ` or `NE` would see another number than the kernel does.
   */
  readonly value: SeccompNumber
  /** For `SCMP_CMP_MASKED_EQ` alone: what the masked argument must be. Default 0; bits outside the mask are an error. */
  readonly valueTwo?: SeccompNumber | null
}

/** When a rule is in force; compared once, with the container and this machine. */
export interface SeccompFilter {
  /** Names with CAP_. In `includes` the container must keep all of them, in `excludes` one is enough. */
  readonly caps?: readonly string[] | null
  /** `amd64`, `x86`, `x32`, `arm64`, `arm`, `riscv64`, `s390x`, `ppc64le`, `loong64`, `mipsel64` …: this machine is one of them. */
  readonly arches?: readonly string[] | null
  /** `4.8`: this kernel is that one or later. */
  readonly minKernel?: string | null
}

/** What happens to calls of these names. */
export interface SeccompRule {
  /** Why the rule is there. */
  readonly comment?: string | null
  readonly names?: readonly string[] | null
  /** One name, as old profiles write it. */
  readonly name?: string | null
  readonly action: SeccompAction
  /** With `SCMP_ACT_ERRNO`: the name of the error number, e.g. `ENOSYS`. Default EPERM. */
  readonly errno?: string | null
  /** With `SCMP_ACT_ERRNO`: the same as a number. */
  readonly errnoRet?: number | null
  /**
   * All must hold. But where two test the same argument, each of them is a rule of its own: one is enough.
   */
  readonly args?: readonly SeccompArgument[] | null
  /** The rule is in force only if all of this holds. */
  readonly includes?: SeccompFilter | null
  /** The rule is not in force if any of this holds. */
  readonly excludes?: SeccompFilter | null
}

/** An architecture with those whose programs it runs too. */
export interface SeccompArchitectures {
  readonly architecture: string
  readonly subArchitectures?: readonly string[] | null
}

/**
 * A filter of system calls in the format of Docker, Podman and containers-common.
 *
 * Of all rules that match a call the most restrictive wins, whatever their order: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO (of
 * two error numbers the smaller), LOG, ALLOW. So a rule with the default action is no empty one: it overrules what allows.
 *
 * Where the default action lets nothing through, numbers without a name and calls newer than the newest in any rule are
 * answered ENOSYS, as by an older kernel, so that programs fall back to what the profile's author knew.
 */
export interface SeccompProfile {
  readonly comment?: string | null
  /** For calls that no rule matches. */
  readonly defaultAction: SeccompAction
  /** With `SCMP_ACT_ERRNO`: default EPERM. */
  readonly defaultErrno?: string | null
  readonly defaultErrnoRet?: number | null
  /** Architectures by machine, or else `architectures`; both is an error. See `ProfileTarget.architectures`. */
  readonly archMap?: readonly SeccompArchitectures[] | null
  /** `SCMP_ARCH_X86_64` … */
  readonly architectures?: readonly string[] | null
  /** `SECCOMP_FILTER_FLAG_LOG`, `SECCOMP_FILTER_FLAG_SPEC_ALLOW`. */
  readonly flags?: readonly string[] | null
  readonly syscalls?: readonly SeccompRule[] | null
}
