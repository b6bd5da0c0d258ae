import { compileProfile, type ProfileTarget } from '@caisson/seccomp'
import { expect } from 'chai'

const target: ProfileTarget = { arch: 'x86_64', capabilities: [], kernel: '6.18' }
const rule = (more: object) => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['ioctl'], action: 'SCMP_ACT_ERRNO', ...more }],
})
const test = (more: object) => rule({ args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 1, ...more }] })

const bad: readonly (readonly [title: string, field: string, profile: object])[] = [
  ['an array', '', []],
  ['no default action', 'defaultAction', {}],
  ['an unknown action', 'defaultAction', { defaultAction: 'ALLOW' }],
  ['an action that needs a tracer', 'defaultAction', { defaultAction: 'SCMP_ACT_TRACE' }],
  ['an action that needs a supervisor', 'syscalls[0].action', rule({ action: 'SCMP_ACT_NOTIFY' })],
  ['an unknown field', 'sycalls', { defaultAction: 'SCMP_ACT_ALLOW', sycalls: [] }],
  ['an unknown field of a rule', 'syscalls[0].arg', rule({ arg: [] })],
  ['a listener', 'listenerPath', { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/x' }],
  ['rules that are no array', 'syscalls', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: {} }],
  ['no names', 'syscalls[0].names', rule({ names: undefined })],
  ['names and a name', 'syscalls[0].name', rule({ name: 'read' })],
  ['a name that is no text', 'syscalls[0].names[0]', rule({ names: [7] })],
  ['an unknown error', 'syscalls[0].errno', rule({ errno: 'EPREM' })],
  ['an error number too high', 'syscalls[0].errnoRet', rule({ errnoRet: 4096 })],
  ['two errors', 'syscalls[0].errnoRet', rule({ errno: 'ENOSYS', errnoRet: 1 })],
  [
    'an error with another action',
    'syscalls[0].errno',
    rule({ action: 'SCMP_ACT_TRAP', errno: 'EPERM' }),
  ],
  ['a seventh argument', 'syscalls[0].args[0].index', test({ index: 6 })],
  ['an unknown comparison', 'syscalls[0].args[0].op', test({ op: 'EQ' })],
  ['a negative value', 'syscalls[0].args[0].value', test({ value: -1 })],
  ['a value of 65 bits', 'syscalls[0].args[0].value', test({ value: 1n << 64n })],
  ['a value that JSON rounds', 'syscalls[0].args[0].value', test({ value: 2 ** 53 })],
  ['a value that is no number', 'syscalls[0].args[0].value', test({ value: '0xg' })],
  ['no value', 'syscalls[0].args[0].value', test({ value: undefined })],
  [
    'a value with bits outside its mask',
    'syscalls[0].args[0].valueTwo',
    test({ op: 'SCMP_CMP_MASKED_EQ', value: 1, valueTwo: 3 }),
  ],
  ['a second value elsewhere', 'syscalls[0].args[0].valueTwo', test({ valueTwo: 1 })],
  [
    'an unknown capability',
    'syscalls[0].includes.caps',
    rule({ includes: { caps: ['SYS_ADMIN'] } }),
  ],
  ['an unknown machine', 'syscalls[0].excludes.arches', rule({ excludes: { arches: ['x86_64'] } })],
  ['a strange kernel', 'syscalls[0].includes.minKernel', rule({ includes: { minKernel: '6' } })],
  [
    'an unknown flag',
    'flags',
    { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_TSYNC'] },
  ],
  [
    'an unknown architecture',
    'architectures',
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['x86_64'] },
  ],
  [
    'both ways to list architectures',
    'archMap',
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      archMap: [{ architecture: 'SCMP_ARCH_X86_64' }],
    },
  ],
]

describe('a profile with', () => {
  for (const [title, field, profile] of bad) {
    it(`${title} is refused, naming the field`, () => {
      expect(() => compileProfile({ ...profile }, target))
        .to.throw(TypeError)
        .that.includes({
          code: 'ERR_SECCOMP_PROFILE',
          field: Array.isArray(profile) ? 'defaultAction' : field,
        })
    })
  }

  it('nulls, as JSON writers make of what is absent, is taken', () => {
    const profile = {
      ...rule({
        args: null,
        errnoRet: null,
        includes: {},
        excludes: null,
        comment: null,
        name: '',
      }),
      architectures: null,
      archMap: null,
    }
    expect(compileProfile(profile, target).program.length).to.be.greaterThan(0)
  })
})
