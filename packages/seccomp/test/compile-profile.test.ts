import {
  architectureFacts,
  compileProfile,
  syscallTable,
  type Architecture,
  type ProfileTarget,
  type SeccompProfile,
} from '@caisson/seccomp'
import { expect } from 'chai'
import { boundaryArguments, oracle } from './support/evaluate.js'
import { randomProfile } from './support/random-profile.js'
import { random } from './support/random.js'
import { refusal, simulate, type Call } from './support/simulate.js'

const machines: readonly ProfileTarget['arch'][] = [
  'x86_64',
  'x86',
  'aarch64',
  'arm',
  'riscv64',
  's390x',
  'ppc64le',
  'loongarch64',
  'mips64el',
]

/** Every number that means something, and what lies beside them. */
function numbersOf(arches: readonly Architecture[]): readonly number[] {
  const named = arches.flatMap((arch) => [...syscallTable(arch).nameOf.keys()])
  const odd = [0x3fffffff, 0x40000000, 0x4000003b, 0x40000200, 0x7fffffff, 0x80000000, 0xffffffff]
  return [...new Set([...named.flatMap((n) => [n, n + 1]), ...odd])]
}

interface Comparison {
  readonly profile: SeccompProfile
  readonly target: ProfileTarget
  readonly allowed: readonly Architecture[]
  readonly seed: number
  readonly calls: number
}

function compareWithOracle({ profile, target, allowed, seed, calls }: Comparison): void {
  const { program } = compileProfile(profile, target)
  const { endian } = architectureFacts[target.arch]
  expect(refusal(program, endian), `seed ${seed}`).to.equal(undefined)
  const ask = oracle(profile, target, allowed)
  const next = random(seed + 1)
  const values = boundaryArguments(profile)
  const numbers = numbersOf(allowed)
  const audits = allowed.map((arch) => architectureFacts[arch].audit)
  for (let i = 0; i < calls; i++) {
    const args = Array.from({ length: 3 }, () => values[next(values.length)] ?? 0n)
    const call: Call = {
      arch: audits[next(audits.length)] ?? 0,
      number: numbers[next(numbers.length)] ?? 0,
      args,
    }
    const { value } = simulate(program, call, endian)
    const expected = ask(call)
    if (value !== expected) {
      const text = `seed ${seed}, ${target.arch}: ${call.number}(${args.join(', ')})`
      expect.fail(`${text}: ${value.toString(16)}, not ${expected.toString(16)}`)
    }
  }
}

function answer(profile: SeccompProfile, target: ProfileTarget, name: string, args: bigint[] = []) {
  const number = syscallTable(target.arch).numberOf.get(name)
  if (number === undefined) throw new Error(`no system call ${name}`)
  const { audit, endian } = architectureFacts[target.arch]
  const { program } = compileProfile(profile, target)
  return simulate(program, { arch: audit, number, args }, endian).value
}

const x86_64: ProfileTarget = { arch: 'x86_64', capabilities: [], kernel: '6.18' }
const allow = 0x7fff0000
const kill = 0x80000000
const errno = (number: number) => 0x50000 + number

describe('compileProfile', () => {
  for (const arch of machines) {
    it(`does what the profile says, for random profiles on ${arch}`, function () {
      this.timeout(60_000)
      for (let seed = 1; seed <= 60; seed++) {
        const profile = randomProfile(seed, 1 + (seed % 25), arch)
        const capabilities = [[], ['KILL'], ['KILL', 'CHOWN']][seed % 3] ?? []
        const target: ProfileTarget = {
          arch,
          capabilities,
          kernel: seed % 2 === 0 ? '6.18' : '5.4',
        }
        compareWithOracle({ profile, target, allowed: [arch], seed, calls: 600 })
      }
    })
  }

  it('does so for all three conventions of x86, and for both of arm, where they are asked for', function () {
    this.timeout(60_000)
    for (let seed = 100; seed < 160; seed++) {
      for (const [arch, listed, allowed] of [
        ['x86_64', ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'], ['x86_64', 'x86', 'x32']],
        ['x86_64', ['SCMP_ARCH_X32'], ['x86_64', 'x32']],
        ['aarch64', ['SCMP_ARCH_ARM'], ['aarch64', 'arm']],
      ] as const) {
        const profile: SeccompProfile = { ...randomProfile(seed, 12, arch), architectures: listed }
        const target: ProfileTarget = { ...x86_64, arch, architectures: 'profile' }
        compareWithOracle({ profile, target, allowed, seed, calls: 600 })
      }
    }
  })

  it('gives the same answers in whatever order the rules stand', () => {
    for (let seed = 200; seed < 240; seed++) {
      const profile = randomProfile(seed, 20, 'x86_64')
      const next = random(seed)
      const shuffled = (profile.syscalls ?? [])
        .map((rule) => ({ rule, key: next(1 << 30) }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ rule }) => rule)
      const programs = [
        profile.syscalls ?? [],
        shuffled,
        (profile.syscalls ?? []).toReversed(),
      ].map((syscalls) => compileProfile({ ...profile, syscalls }, x86_64).program)
      const values = boundaryArguments(profile)
      for (let number = 0; number < 480; number++) {
        const args = [0, 1, 2].map(() => values[next(values.length)] ?? 0n)
        const answers = programs.map(
          (program) => simulate(program, { arch: 0xc000003e, number, args }).value,
        )
        expect(new Set(answers).size, `seed ${seed}, ${number}(${args.join()})`).to.equal(1)
      }
    }
  })

  it('reaches code that is more than 255 instructions away', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: Array.from({ length: 300 }, (_, i) => ({
        names: [['read', 'write', 'ioctl'][i % 3] ?? ''],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: i % 6, op: 'SCMP_CMP_EQ', value: BigInt(i) << 20n }],
      })),
    }
    compareWithOracle({ profile, target: x86_64, allowed: ['x86_64'], seed: 7, calls: 5000 })
    expect(compileProfile(profile, x86_64).program.length / 8).to.be.greaterThan(1000)
  })

  it('refuses a profile that gets too long for the kernel', () => {
    const syscalls = Array.from({ length: 1200 }, (_, i) => ({
      names: ['ioctl'],
      action: 'SCMP_ACT_ALLOW' as const,
      args: [{ index: 1, op: 'SCMP_CMP_EQ' as const, value: i }],
    }))
    expect(() => compileProfile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, x86_64))
      .to.throw(RangeError, /4096/)
      .with.property('code', 'ERR_SECCOMP_PROFILE')
  })

  it('lets the most restrictive of all rules win, the default action’s among them', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
        { names: ['write'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
        { names: ['ioctl'], action: 'SCMP_ACT_ERRNO', errno: 'ENOSYS' },
        { names: ['ioctl'], action: 'SCMP_ACT_ERRNO', errno: 'EINVAL' },
      ],
    }
    expect(answer(profile, x86_64, 'read')).to.equal(allow)
    expect(answer(profile, x86_64, 'write')).to.equal(errno(1))
    expect(answer(profile, x86_64, 'ioctl')).to.equal(errno(22))
  })

  it('takes tests of one argument for alternatives, and of several for conditions', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['socket'],
          action: 'SCMP_ACT_ALLOW',
          args: [
            { index: 0, op: 'SCMP_CMP_EQ', value: 1 },
            { index: 0, op: 'SCMP_CMP_EQ', value: 2 },
          ],
        },
        {
          names: ['ioctl'],
          action: 'SCMP_ACT_ALLOW',
          args: [
            { index: 0, op: 'SCMP_CMP_EQ', value: 1 },
            { index: 1, op: 'SCMP_CMP_EQ', value: 2 },
          ],
        },
      ],
    }
    expect(answer(profile, x86_64, 'socket', [1n])).to.equal(allow)
    expect(answer(profile, x86_64, 'socket', [2n])).to.equal(allow)
    expect(answer(profile, x86_64, 'socket', [3n])).to.equal(errno(1))
    expect(answer(profile, x86_64, 'ioctl', [1n, 2n])).to.equal(allow)
    expect(answer(profile, x86_64, 'ioctl', [1n, 3n])).to.equal(errno(1))
  })

  it('answers ENOSYS to holes and to calls newer than the profile, EPERM to what it leaves out', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: ['read', 'close_range'], action: 'SCMP_ACT_ALLOW' }],
    }
    expect(answer(profile, x86_64, 'write')).to.equal(errno(1))
    expect(answer(profile, x86_64, 'openat2')).to.equal(errno(38))
    expect(answer(profile, { ...x86_64, arch: 'mips64el' }, 'openat2')).to.equal(errno(89))
    const { program } = compileProfile(profile, x86_64)
    for (const number of [337, 423, 470, 0x3fffffff]) {
      expect(simulate(program, { arch: 0xc000003e, number, args: [] }).value).to.equal(errno(38))
    }
    // arm's private calls are far above all others, and none of them is newer than anything
    expect(answer(profile, { ...x86_64, arch: 'arm' }, 'usr26')).to.equal(errno(1))
  })

  it('answers x32 as a kernel without it, even where everything is allowed', () => {
    const { program } = compileProfile({ defaultAction: 'SCMP_ACT_ALLOW' }, x86_64)
    for (const number of [0x40000000, 0x40000001, 0x40000208, 0x7fffffff, 0xffffffff]) {
      expect(simulate(program, { arch: 0xc000003e, number, args: [] }).value).to.equal(errno(38))
    }
    expect(simulate(program, { arch: 0xc000003e, number: 470, args: [] }).value).to.equal(allow)
  })

  it('kills what calls by another convention, whatever the profile lists, unless it is asked for', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      archMap: [
        { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
        { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
      ],
    }
    const value = (target: ProfileTarget, arch: Architecture, number = 1) => {
      const { program } = compileProfile(profile, target)
      return simulate(program, { arch: architectureFacts[arch].audit, number, args: [] }).value
    }
    expect(value(x86_64, 'x86')).to.equal(kill)
    const asked: ProfileTarget = { ...x86_64, architectures: 'profile' }
    expect(value(asked, 'x86')).to.equal(allow)
    expect(value(asked, 'x32', 0x40000001)).to.equal(allow)
    expect(value(asked, 'arm')).to.equal(kill)
    expect(value({ ...asked, arch: 'aarch64' }, 'arm')).to.equal(allow)
    expect(value({ ...asked, arch: 'riscv64' }, 'arm')).to.equal(kill)
  })

  it('passes flags on', () => {
    const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']
    expect(compileProfile({ defaultAction: 'SCMP_ACT_ALLOW', flags }, x86_64).flags).to.equal(6)
  })
})
