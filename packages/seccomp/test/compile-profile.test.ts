import {
  auditArchitecture,
  compileProfile,
  syscallTable,
  type ArgumentTest,
  type Architecture,
  type SeccompAction,
  type SeccompProfile,
} from '@caisson/seccomp'
import { expect } from 'chai'
import { boundaryArguments, evaluate } from './support/evaluate.js'
import { random } from './support/random.js'
import { refusal, simulate } from './support/simulate.js'

const actions: readonly SeccompAction[] = [
  'allow',
  'log',
  'trap',
  'kill-thread',
  'kill-process',
  'errno:EPERM',
  'errno:ENOSYS',
]
const ops: readonly ArgumentTest['op'][] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'masked-eq']

function randomProfile(seed: number, rules: number): SeccompProfile {
  const next = random(seed)
  const names = [...syscallTable('x86_64').numberOf.keys()]
  const pick = <T>(list: readonly T[]): T => {
    const value = list[next(list.length)]
    if (value === undefined) throw new Error('empty list')
    return value
  }
  const constant = () => BigInt(pick([0, 1, 7, 0x5412, 0xffffffff])) << BigInt(pick([0, 0, 31, 32]))
  const randomTest = (): ArgumentTest => {
    const op = pick(ops)
    const value = constant()
    const index = next(3)
    return op === 'masked-eq'
      ? { index, op, value, mask: value | constant() }
      : { index, op, value }
  }
  return {
    otherwise: pick(actions),
    unknown: pick(actions),
    foreign: pick(actions),
    rules: Array.from({ length: rules }, () => ({
      about: 'random',
      action: pick(actions),
      names: Array.from({ length: 1 + next(40) }, () => pick(names)),
      args: Array.from({ length: next(3) }, randomTest),
      ...(next(4) === 0 ? { withCapability: 'KILL' } : {}),
    })),
  }
}

function compareWithOracle(
  profile: SeccompProfile,
  arch: Architecture,
  seed: number,
  calls: number,
) {
  const capabilities = seed % 2 === 0 ? ['KILL'] : []
  const program = compileProfile(profile, { arch, capabilities })
  expect(refusal(program)).to.equal(undefined)
  const next = random(seed + 1)
  const values = boundaryArguments(profile)
  const newest = syscallTable(arch).newest
  for (let i = 0; i < calls; i++) {
    const args = Array.from({ length: 3 }, () => values[next(values.length)] ?? 0n)
    const call = { arch: auditArchitecture[arch], number: i % (newest + 3), args }
    const value = simulate(program, call).value
    if (value !== evaluate(profile, arch, capabilities, call)) {
      expect.fail(`seed ${seed}, call ${call.number}(${args.join(', ')}): ${value.toString(16)}`)
    }
  }
}

const oneRule = (args: readonly ArgumentTest[]): SeccompProfile => ({
  otherwise: 'allow',
  unknown: 'errno:ENOSYS',
  foreign: 'kill-process',
  rules: [{ about: 'test', names: ['ioctl'], action: 'errno:EPERM', args }],
})

const unknownName = (action: SeccompAction): SeccompProfile => ({
  otherwise: 'errno:EPERM',
  unknown: 'errno:ENOSYS',
  foreign: 'kill-process',
  rules: [{ about: 'test', names: ['keyctll'], action }],
})

describe('compileProfile', () => {
  it('answers 60 random profiles as a direct reading of their rules does', () => {
    for (let seed = 1; seed <= 60; seed++) {
      compareWithOracle(randomProfile(seed, 1 + (seed % 12)), 'x86_64', seed, 1500)
    }
  })

  it('keeps to jumps that the kernel takes in profiles of thousands of instructions', () => {
    const profile = randomProfile(7, 60)
    expect(compileProfile(profile, { arch: 'x86_64', capabilities: [] }).length / 8).to.be.above(
      1000,
    )
    compareWithOracle(profile, 'x86_64', 7, 6000)
  })

  it('refuses a profile whose filter would be longer than the kernel takes', () => {
    expect(() => compileProfile(randomProfile(7, 150), { arch: 'x86_64', capabilities: [] }))
      .to.throw(RangeError)
      .with.property('code', 'ERR_SECCOMP_PROFILE')
  })

  it('does not depend on the order of the rules', () => {
    for (let seed = 100; seed < 120; seed++) {
      const profile = randomProfile(seed, 8)
      const reversed = { ...profile, rules: profile.rules.toReversed() }
      const values = boundaryArguments(profile)
      const [a, b] = [profile, reversed].map((p) =>
        compileProfile(p, { arch: 'x86_64', capabilities: [] }),
      )
      for (let number = 0; number < 480; number++) {
        const args = [0, 1, 2].map((i) => values[(number * 7 + i * 3) % values.length] ?? 0n)
        const call = { arch: auditArchitecture.x86_64, number, args }
        expect(simulate(a ?? new Uint8Array(), call).value).to.equal(
          simulate(b ?? new Uint8Array(), call).value,
        )
      }
    }
  })

  it('refuses a denied name that no architecture has, and passes over an allowed one with a diagnostic', () => {
    const target = { arch: 'x86_64', capabilities: [] } as const
    expect(() => compileProfile(unknownName('errno:EPERM'), target))
      .to.throw(TypeError, /keyctll/)
      .with.property('code', 'ERR_SECCOMP_PROFILE')
    const messages: string[] = []
    compileProfile(unknownName('allow'), {
      ...target,
      onDiagnostic: (message) => messages.push(message),
    })
    expect(messages)
      .to.have.length(1)
      .and.to.match(/keyctll/)
  })

  it('passes over a denied name that only another architecture has', () => {
    const profile: SeccompProfile = {
      ...oneRule([]),
      rules: [{ about: 'test', names: ['iopl', 'ioctl'], action: 'errno:EPERM' }],
    }
    const program = compileProfile(profile, { arch: 'aarch64', capabilities: [] })
    const number = syscallTable('aarch64').numberOf.get('ioctl') ?? -1
    expect(simulate(program, { arch: auditArchitecture.aarch64, number, args: [] }).value).to.equal(
      0x50001,
    )
  })

  for (const [title, test] of [
    ['a value with bits outside its mask', { index: 0, op: 'masked-eq', value: 3, mask: 1 }],
    ['a seventh argument', { index: 6, op: 'eq', value: 0 }],
    ['a negative value', { index: 0, op: 'eq', value: -1 }],
    ['a value of 65 bits', { index: 0, op: 'eq', value: 1n << 64n }],
    ['masked-eq without a mask', { index: 0, op: 'masked-eq', value: 0 }],
    ['a mask on another comparison', { index: 0, op: 'eq', value: 0, mask: 1 }],
  ] as const satisfies readonly (readonly [string, ArgumentTest])[]) {
    it(`refuses ${title}`, () => {
      expect(() => compileProfile(oneRule([test]), { arch: 'x86_64', capabilities: [] }))
        .to.throw(TypeError, /ioctl/)
        .with.property('code', 'ERR_SECCOMP_PROFILE')
    })
  }
})
