import {
  compileProfile,
  namedProfile,
  type ProfileTarget,
  type SeccompProfile,
  type SeccompRule,
} from '@caisson/seccomp'
import { expect } from 'chai'

const target: ProfileTarget = { arch: 'x86_64', capabilities: [], kernel: '6.18' }
const allow = (names: string[], more: Partial<SeccompRule> = {}): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  ...more,
})
const deny = (names: string[], more: Partial<SeccompRule> = {}): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  ...more,
})
const closed = (...syscalls: SeccompRule[]): SeccompProfile => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls,
})
const open = (...syscalls: SeccompRule[]): SeccompProfile => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls,
})

function found(profile: SeccompProfile, more: Partial<ProfileTarget> = {}): readonly string[] {
  const { diagnostics } = compileProfile(profile, { ...target, ...more })
  for (const { subject, message } of diagnostics) expect(message).to.include(subject)
  return diagnostics.map(({ kind, subject }) => `${kind} ${subject}`)
}

const int = (op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE') => ({
  args: [{ index: 0, op, value: 40 }],
})

describe('the diagnostics of a profile', () => {
  it('are none for those that come with this package', () => {
    for (const name of ['default', 'strict'] as const) {
      for (const capabilities of [[], ['SYS_ADMIN', 'SYS_PTRACE', 'SYS_CHROOT']]) {
        for (const arch of ['x86_64', 'aarch64', 'riscv64', 'arm', 's390x', 'mips64el'] as const) {
          expect(found(namedProfile(name), { arch, capabilities })).to.deep.equal([])
        }
      }
    }
  })

  it('name calls that no architecture has where they are allowed, or forbidden as all others are', () => {
    expect(found(closed(allow(['keyctll'])))).to.deep.equal(['unknown-name syscalls[0].names'])
    expect(found(closed(deny(['keyctll'])))).to.deep.equal(['unknown-name syscalls[0].names'])
  })

  it('are an error for such a name where it would be let through', () => {
    expect(() => found(open(deny(['keyctll']))))
      .to.throw(TypeError, /keyctll/)
      .that.includes({ code: 'ERR_SECCOMP_PROFILE', field: 'syscalls[0].names' })
  })

  it('pass over names of other architectures, and of calls that were removed long ago', () => {
    expect(found(closed(deny(['breakpoint', 'query_module', 'socketcall'])))).to.deep.equal([])
  })

  it('tell of a default that allows', () => {
    expect(found(open())).to.deep.equal(['permissive-default defaultAction'])
  })

  it('tell of architectures that are listed and killed', () => {
    const profile: SeccompProfile = {
      ...closed(),
      archMap: [
        {
          architecture: 'SCMP_ARCH_X86_64',
          subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_MIPS'],
        },
      ],
    }
    expect(found(profile)).to.deep.equal([
      'foreign-architecture SCMP_ARCH_X86',
      'foreign-architecture SCMP_ARCH_MIPS',
    ])
    expect(found(profile, { architectures: 'profile' })).to.deep.equal([
      'foreign-architecture SCMP_ARCH_MIPS',
    ])
    expect(found(profile, { arch: 'aarch64' })).to.deep.equal([])
  })

  it('tell of calls both allowed and denied', () => {
    expect(found(closed(allow(['setns', 'read']), deny(['setns'])))).to.deep.equal([
      'overlap setns',
    ])
  })

  it('tell of comparisons with bits that the kernel does not read', () => {
    const wide = ['wide-comparison syscalls[0].args']
    expect(found(closed(allow(['socket'], int('SCMP_CMP_NE'))))).to.deep.equal(wide)
    expect(found(closed(deny(['socket'], int('SCMP_CMP_EQ')), allow(['socket'])))).to.deep.equal(
      wide,
    )
    expect(found(closed(allow(['socket'], int('SCMP_CMP_EQ'))))).to.deep.equal([])
    expect(found(closed(allow(['read'], int('SCMP_CMP_NE'))))).to.deep.equal([])
  })

  it('tell of a call that does what a restricted one does', () => {
    expect(found(closed(deny(['open']), allow(['openat'])))).to.deep.equal(['gap openat'])
    const flags = { index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 0x7e020000, valueTwo: 0 } as const
    expect(found(closed(allow(['clone'], { args: [flags] }), allow(['clone3'])))).to.deep.equal([
      'gap clone3',
    ])
    expect(found(closed(allow(['openat'])))).to.deep.equal([])
    expect(found(open(deny(['mount'])))).to.include('gap move_mount')
  })

  it('tell of powers that everybody gets', () => {
    expect(found(closed(allow(['bpf'])))).to.deep.equal(['powerful bpf'])
    expect(found(closed(allow(['bpf'], { includes: { caps: ['CAP_BPF'] } })))).to.deep.equal([])
    const caps = { includes: { caps: ['CAP_BPF'] } }
    expect(found(closed(allow(['bpf'], caps)), { capabilities: ['BPF'] })).to.deep.equal([])
  })
})
