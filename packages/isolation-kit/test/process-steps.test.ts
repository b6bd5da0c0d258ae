import { capabilityNames, type ContainerSpec, type ProcessStep } from '@caisson/core'
import { processSteps, type PlanKind } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeSpec, rootIdentity } from './support/fixtures.js'

function steps(
  spec: Partial<ContainerSpec> = {},
  user = '0',
  kind: PlanKind = 'pivot',
): readonly ProcessStep[] {
  const identity = rootIdentity
  return processSteps({ kind, spec: makeSpec(spec), identity, host, user, groups: [], cwd: '/' })
}

const step = (list: readonly ProcessStep[], op: ProcessStep['op']) =>
  list.find((one) => one.op === op)
const bit = (name: string) => 1n << BigInt(capabilityNames.indexOf(name))
const defaults =
  'CHOWN DAC_OVERRIDE FSETID FOWNER SETGID SETUID SETFCAP NET_BIND_SERVICE SYS_CHROOT KILL'
    .split(' ')
    .reduce((bits, name) => bits | bit(name), 0n)

const kept = (spec: Partial<ContainerSpec>) => step(steps(spec, '0', 'chroot'), 'bounding')

function program(spec: Partial<ContainerSpec>, kind: PlanKind = 'pivot'): string | undefined {
  const found = step(steps(spec, '0', kind), 'seccomp')
  return found?.op === 'seccomp' ? Buffer.from(found.program).toString('hex') : undefined
}

describe('processSteps', () => {
  it('take powers away in the order in which each can still be taken', () => {
    expect(steps().map(({ op }) => op)).to.deep.equal([
      'session',
      'umask',
      'bounding',
      'user',
      'capabilities',
      'noNewPrivileges',
      'cwd',
      'seccomp',
    ])
  })

  it('put the filter before the change of user where new privileges are allowed: later the kernel would refuse it', () => {
    const ops = steps({ allowNewPrivileges: true }).map(({ op }) => op)
    expect(ops).not.to.include('noNewPrivileges')
    expect(ops.indexOf('seccomp')).to.be.below(ops.indexOf('user'))
  })

  it('leave root ten capabilities, none inherited', () => {
    const list = steps()
    expect(step(list, 'bounding')).to.deep.equal({ op: 'bounding', keep: defaults })
    expect(step(list, 'capabilities')).to.deep.equal({
      op: 'capabilities',
      effective: defaults,
      permitted: defaults,
      inheritable: 0n,
      ambient: 0n,
    })
  })

  it('leave other users none', () => {
    for (const user of ['1000', 'app', 'app:root', '10', '1000:0']) {
      const { effective, permitted } = {
        effective: 1n,
        permitted: 1n,
        ...step(steps({}, user), 'capabilities'),
      }
      expect([effective, permitted], user).to.deep.equal([0n, 0n])
    }
    for (const user of ['root', '0:5', 'root:tty', '00']) {
      expect(step(steps({}, user), 'capabilities'), user).to.include({ effective: defaults })
    }
  })

  it('leave a chroot without SYS_CHROOT unless it is asked for by name', () => {
    expect(kept({})).to.include({ keep: defaults & ~bit('SYS_CHROOT') })
    expect(kept({ capabilities: ['SYS_CHROOT'] })).to.include({ keep: bit('SYS_CHROOT') })
  })

  it('keep exactly the capabilities asked for', () => {
    expect(step(steps({ capabilities: [] }), 'bounding')).to.include({ keep: 0n })
    expect(step(steps({ capabilities: ['CHECKPOINT_RESTORE'] }), 'bounding')).to.include({
      keep: 1n << 40n,
    })
  })

  it('refuse an unknown capability, naming its place and the name that was meant', () => {
    expect(() => steps({ capabilities: ['KILL', 'CAP_CHOWN'] }))
      .to.throw(TypeError)
      .that.includes({
        code: 'ERR_CAPABILITY_UNKNOWN',
        field: 'capabilities[1]',
        fix: 'Write CHOWN.',
      })
  })

  it('let the capabilities decide what the filter allows', () => {
    expect(program({})).not.to.equal(program({}, 'chroot'))
    expect(program({ seccomp: 'unconfined' })).to.equal(undefined)
    expect(program({ seccomp: 'strict' })).not.to.equal(program({}))
    expect(program({ seccomp: 'strict' })).to.equal(program({ seccomp: 'strict' }, 'chroot'))
    const bpf = Uint8Array.of(6, 0, 0, 0, 0, 0, 255, 127)
    expect(program({ seccomp: { bpf } })).to.equal('060000000000ff7f')
  })

  it('hold the limit on core dumps unless the caller set one, in at most 130 instructions', () => {
    for (const seccomp of ['default', 'strict'] as const) {
      const held = program({ seccomp }) ?? ''
      expect(program({ seccomp, limits: { core: { soft: 0, hard: 0 } } })).not.to.equal(held)
      expect(held.length / 16, `${seccomp}, in hex`).to.be.at.most(130)
    }
  })

  it('compile a profile of the caller’s for the container’s capabilities, with its flags', () => {
    const rule = {
      names: ['chroot'],
      action: 'SCMP_ACT_ALLOW',
      includes: { caps: ['CAP_SYS_CHROOT'] },
    }
    const flags = ['SECCOMP_FILTER_FLAG_LOG']
    const profile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule], flags }
    const seccomp = { profile, architectures: 'native' } as const
    expect(program({ seccomp })).not.to.equal(program({ seccomp }, 'chroot'))
    expect(program({ seccomp })).not.to.equal(program({}))
    expect(step(steps({ seccomp }), 'seccomp')).to.include({ flags: 2 })
  })

  it('refuse a profile that cannot be meant, naming its place in the spec', () => {
    const profile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: [], action: 'ALLOW' }] }
    expect(() => steps({ seccomp: { profile, architectures: 'native' } }))
      .to.throw(TypeError)
      .that.includes({ code: 'ERR_SECCOMP_PROFILE', field: 'seccomp.profile.syscalls[0].action' })
  })

  it('refuse the default filter on an architecture without a table, naming the ways out', () => {
    const input = {
      kind: 'pivot',
      spec: makeSpec(),
      identity: rootIdentity,
      user: '0',
      groups: [],
      cwd: '/',
    } as const
    expect(() => processSteps({ ...input, host: { ...host, arch: 'mips' } }))
      .to.throw()
      .that.includes({ code: 'ERR_UNSUPPORTED', field: 'seccomp' })
  })
})
