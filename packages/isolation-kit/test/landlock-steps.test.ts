import type { ContainerSpec, LandlockStep, LauncherIdentity } from '@caisson/core'
import { defaultIsolation } from '@caisson/core'
import { processSteps, type PlanKind } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeSpec, rootIdentity } from './support/fixtures.js'

interface Given {
  readonly spec?: Partial<ContainerSpec>
  readonly kind?: PlanKind
  readonly identity?: LauncherIdentity
}

const wanted = { isolation: { ...defaultIsolation, landlock: true } }

function steps({ spec = {}, kind = 'pivot', identity = rootIdentity }: Given = {}) {
  const input = { kind, spec: makeSpec(spec), identity, host, user: '0', groups: [], cwd: '/' }
  return processSteps(input)
}

const landlock = (given?: Given): LandlockStep | undefined =>
  steps(given).find((step) => step.op === 'landlock')

const handled = (version: number) =>
  landlock({ spec: wanted, identity: { ...rootIdentity, landlock: version } })?.handled

const ops = (spec: Partial<ContainerSpec>) =>
  steps({ spec })
    .map(({ op }) => op)
    .filter((op) => ['noNewPrivileges', 'landlock', 'seccomp', 'user'].includes(op))

describe('landlock', () => {
  it('is on in a chroot, and elsewhere where it is asked for', () => {
    expect(landlock()).to.equal(undefined)
    expect(landlock({ spec: wanted })).not.to.equal(undefined)
    expect(landlock({ kind: 'chroot' })).not.to.equal(undefined)
    const without = { isolation: { ...defaultIsolation, landlock: false } }
    expect(landlock({ kind: 'chroot', spec: without })).to.equal(undefined)
  })

  it('gives all rights below the root, and none elsewhere', () => {
    expect(landlock({ spec: wanted })).to.deep.equal({
      op: 'landlock',
      handled: 0xffffn,
      scoped: 0n,
      readable: [],
      read: 0b1101n,
      writable: ['/'],
      write: 0xffffn,
    })
  })

  it('gives the right to write below a read-only root to devices, processes, tmpfs and writable mounts alone', () => {
    const bind = { kind: 'bind', exec: true, symlinks: true, owner: 'container' } as const
    const spec: Partial<ContainerSpec> = {
      ...wanted,
      readonlyRoot: true,
      mounts: [
        { kind: 'tmpfs', to: '/t', sizeBytes: 4096, exec: true },
        { ...bind, from: '/a', to: '/a', readonly: false },
        { ...bind, from: '/b', to: '/b', readonly: true },
      ],
    }
    expect(landlock({ spec })).to.deep.include({
      readable: ['/'],
      writable: ['/dev', '/proc', '/t', '/a'],
    })
    expect(landlock({ spec, kind: 'chroot' })).to.deep.include({
      writable: ['/dev', '/proc', '/tmp', '/t', '/a'],
    })
  })

  it('asks of an older kernel only what that knows', () => {
    expect([1, 2, 3, 4, 5, 6].map(handled)).to.deep.equal([
      0x1fffn,
      0x3fffn,
      0x7fffn,
      0x7fffn,
      0xffffn,
      0xffffn,
    ])
  })

  it('keeps abstract sockets of the host out where its network is not', () => {
    const spec = { ...wanted, network: 'host' } as const
    expect(landlock({ spec })?.scoped).to.equal(1n)
    const old = { ...rootIdentity, landlock: 5 }
    expect(landlock({ spec, identity: old })?.scoped).to.equal(0n)
  })

  it('comes between no_new_privs and the filter; without the former while privileges are left', () => {
    expect(ops(wanted)).to.deep.equal(['user', 'noNewPrivileges', 'landlock', 'seccomp'])
    expect(ops({ ...wanted, allowNewPrivileges: true })).to.deep.equal([
      'landlock',
      'seccomp',
      'user',
    ])
  })

  it('is an error where the kernel has none, unless the caller allowed it to be missing', () => {
    const identity = { ...rootIdentity, landlock: 0 }
    expect(() => steps({ spec: wanted, identity }))
      .to.throw()
      .that.includes({ code: 'ERR_UNSUPPORTED', field: 'landlock' })
    expect(() => steps({ kind: 'chroot', identity })).to.throw(/landlock/)
    const allowed = { isolation: { ...wanted.isolation, allowDegraded: ['landlock'] } }
    expect(landlock({ spec: allowed, identity })).to.equal(undefined)
  })
})
