import type { SeccompProfile } from '@caisson/seccomp'

/** Arguments that the kernel reads as an int are compared without what stands above their 32 bits. */
const INT = 0xffff_ffff

const RLIMIT_CORE = 4

const core = (index: number) =>
  ({ index, op: 'SCMP_CMP_MASKED_EQ', value: INT, valueTwo: RLIMIT_CORE }) as const

/**
 * A profile that also keeps programs from changing their limit on core dumps.
 *
 * Where core_pattern is a pipe, the host's kernel starts that program as root, outside of all namespaces, for each crash: unless
 * the limit is exactly 1 (core(5)). A program that made it 0 would have it started again. Whoever wants no core dumps has none
 * already, so that is told that it went well; some programs would end at an error.
 */
export function withCoreLimitHeld(profile: SeccompProfile): SeccompProfile {
  const changes = { index: 2, op: 'SCMP_CMP_NE', value: 0 } as const
  return {
    ...profile,
    syscalls: [
      ...(profile.syscalls ?? []),
      {
        comment: 'the limit on core dumps stays: said to be done',
        names: ['setrlimit'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 0,
        args: [core(0)],
      },
      {
        comment: 'the same',
        names: ['prlimit64'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 0,
        args: [core(1), changes, { index: 3, op: 'SCMP_CMP_EQ', value: 0 }],
      },
      {
        comment:
          'the same, where the old limit is to be told in one: that cannot be said to be done',
        names: ['prlimit64'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 1,
        args: [core(1), changes, { index: 3, op: 'SCMP_CMP_NE', value: 0 }],
      },
    ],
  }
}
