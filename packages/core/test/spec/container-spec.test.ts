import { expect } from 'chai'
import {
  capabilityNames,
  defaultIsolation,
  parseContainerSpec,
  type ContainerSpec,
} from '@caisson/core'

const context = { from: 'dir:/root', declaredLimits: new Set<string>() }
const plainBind = { exec: true, symlinks: true, owner: 'container' }
const parse = (spec?: object): ContainerSpec => parseContainerSpec(spec, context).container

function frozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true
  return Object.isFrozen(value) && Object.values(value).every(frozen)
}

describe('parseContainerSpec', () => {
  it('has safe defaults', () => {
    expect(parse()).to.deep.include({
      from: 'dir:/root',
      readonlyRoot: false,
      hostname: '',
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      user: '0',
      groups: [],
      mounts: [],
      network: 'none',
      capabilities: undefined,
      seccomp: 'default',
      allowNewPrivileges: false,
      isolation: defaultIsolation,
      upperBytes: 256 * 1024 ** 2,
      upperInodes: 65_536,
      limits: {},
    })
  })

  it('normalises what can be written in several ways', () => {
    const spec = parse({
      cwd: '//srv/./app/',
      user: '007:08',
      groups: [5, '5', 'wheel'],
      capabilities: ['CAP_KILL', 'CHOWN', 'KILL'],
      mounts: [
        { kind: 'bind', from: '/data//', to: '/mnt/./data' },
        { kind: 'bind', from: '/', to: '/host', readonly: false },
        { kind: 'tmpfs', to: '/t' },
      ],
      writable: { size: '1MiB' },
    })
    expect(spec).to.deep.include({
      cwd: '/srv/app',
      user: '7:8',
      groups: ['5', 'wheel'],
      capabilities: ['CHOWN', 'KILL'],
      mounts: [
        { kind: 'bind', from: '/data', to: '/mnt/data', readonly: true, ...plainBind },
        { kind: 'bind', from: '/', to: '/host', readonly: false, ...plainBind },
        { kind: 'tmpfs', to: '/t', sizeBytes: 64 * 1024 ** 2, exec: true },
      ],
      upperBytes: 1024 ** 2,
      upperInodes: 1024,
    })
  })

  it('freezes all the way down, and keeps nothing of the caller’s', () => {
    const bpf = new Uint8Array(8)
    const labels = { a: 'b' }
    const mounts = [{ kind: 'tmpfs', to: '/t' }]
    const spec = parse({ labels, mounts, seccomp: { bpf }, env: { A: '1' }, groups: [1] })
    expect(frozen(spec)).to.equal(true)
    bpf.fill(1)
    labels.a = 'c'
    mounts.length = 0
    expect(spec.labels).to.deep.equal({ a: 'b' })
    expect(spec.mounts).to.have.length(1)
    expect(spec.seccomp).to.deep.equal({ bpf: new Uint8Array(8) })
  })

  it('keeps a seccomp profile as it was, frozen all the way down', () => {
    const rule = { names: ['read'], action: 'SCMP_ACT_ALLOW', args: [], includes: {} }
    const profile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule], comment: undefined }
    const { seccomp } = parse({ seccomp: { profile } })
    expect(frozen(seccomp)).to.equal(true)
    rule.names.push('write')
    expect(seccomp).to.deep.equal({
      profile: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ ...rule, names: ['read'] }] },
      architectures: 'native',
    })
  })

  it('says how a profile holds a number that JSON cannot', () => {
    expect(() => parse({ seccomp: { profile: { syscalls: [{ args: 1n }] } } }))
      .to.throw(TypeError)
      .that.includes({ field: 'seccomp.profile.syscalls[0].args' })
      .with.property('fix')
      .that.matches(/text/)
  })

  it('has an equal key for equal containers, however they are written', () => {
    const same: readonly (readonly [object, object])[] = [
      [{}, { name: 'x', labels: { a: 'b' }, user: 'joe', cwd: '/x', env: { A: '1' }, timeout: 5 }],
      [{ capabilities: ['KILL', 'CHOWN'] }, { capabilities: ['CAP_CHOWN', 'CAP_KILL'] }],
      [
        { mounts: [{ kind: 'tmpfs', to: '/t' }] },
        { mounts: [{ kind: 'tmpfs', to: '//t/', size: '64MiB' }] },
      ],
      [{ seccomp: { bpf: new Uint8Array(8) } }, { seccomp: { bpf: new Uint8Array(8) } }],
      [{ seccomp: { profile: { a: [1] } } }, { seccomp: { profile: { a: [1] } } }],
    ]
    for (const [a, b] of same) expect(parse(a).key).to.equal(parse(b).key)
  })

  it('has another key for whatever changes the container', () => {
    const others: readonly object[] = [
      {},
      { from: 'dir:/other' },
      { readonlyRoot: true },
      { readonlyPaths: ['/usr'] },
      { readonlyPaths: ['/usr', '/etc'] },
      { hostname: 'a' },
      { mounts: [{ kind: 'tmpfs', to: '/t' }] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t' }] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t', readonly: false }] },
      { network: 'host' },
      { capabilities: [] },
      { seccomp: 'strict' },
      { profile: 'strict' },
      { profile: 'strict', procfs: 'full' },
      { landlock: true },
      { landlock: false },
      { procfs: 'pids' },
      { sysfs: 'none' },
      { devices: 'minimal' },
      { ids: 'single' },
      { unmask: ['/proc/kallsyms'] },
      { sysctls: { 'net.ipv4.ip_forward': 1 } },
      { oomScore: 0 },
      { allowDegraded: ['landlock'] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t', exec: false }] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t', symlinks: false }] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t', owner: 'source' }] },
      { mounts: [{ kind: 'bind', from: '/t', to: '/t', owner: 'source' }], user: '1:1' },
      { seccomp: 'unconfined' },
      { seccomp: { bpf: new Uint8Array(8) } },
      { seccomp: { profile: { a: 1 } } },
      { seccomp: { profile: { a: 2 } } },
      { seccomp: { profile: { a: 2 }, architectures: 'profile' } },
      { seccomp: { bpf: new Uint8Array(8).fill(1) } },
      { allowNewPrivileges: true },
      { writable: { size: '1MiB' } },
      { writable: { inodes: 100 } },
    ]
    expect(new Set(others.map((spec) => parse(spec).key)).size).to.equal(others.length)
  })
})

describe('capabilityNames', () => {
  it('stand at the places that the kernel gave them', () => {
    const places = ['CHOWN', 'SYS_ADMIN', 'SETFCAP', 'CHECKPOINT_RESTORE'].map((n) =>
      capabilityNames.indexOf(n),
    )
    expect(places).to.deep.equal([0, 21, 31, 40])
    expect(capabilityNames).to.have.length(41)
  })
})
