import {
  defaultIsolation,
  strictIsolation,
  type ContainerSpec,
  type IsolationSpec,
} from '@caisson/core'
import { maskedProcPaths, PlanCompiler, readonlyProcPaths } from '@caisson/isolation-kit'
import { expect } from 'chai'
import {
  host,
  lease,
  makeCommand,
  makeSpec,
  plainBind,
  rootIdentity,
  singleIdentity,
} from './support/fixtures.js'

const rangesIdentity = { ...rootIdentity, mode: 'ranges', rootUid: 0, rootGid: 0 } as const

function setup(spec: Partial<ContainerSpec>, identity = rootIdentity) {
  return new PlanCompiler('pivot', host).setup({ spec: makeSpec(spec), root: lease }, identity)
}

const isolated = (more: Partial<IsolationSpec>): Partial<ContainerSpec> => ({
  isolation: { ...defaultIsolation, ...more },
})
const paths = (spec: Partial<ContainerSpec>, op: 'mask' | 'readonly') =>
  setup(spec).container.flatMap((step) => (step.op === op ? [step.path] : []))

const sysctls = (entries: Readonly<Record<string, string>>, network?: 'host' | 'none') =>
  setup({ ...isolated({ sysctls: entries }), ...(network === undefined ? {} : { network }) })

const networkOf = (entries: Readonly<Record<string, string>>) =>
  sysctls(entries).container.find((step) => step.op === 'namespaces')?.network

const check = (command: Parameters<typeof makeCommand>[0], spec: Partial<ContainerSpec>) => () =>
  new PlanCompiler('pivot', host).process(makeSpec(spec), makeCommand(command), rootIdentity)

const userOf = (spec: Partial<ContainerSpec>) =>
  setup(spec).container.find((step) => step.op === 'namespaces')?.user

describe('what is hidden and read-only', () => {
  it('opens by name, and nothing else opens with it', () => {
    const shown = paths(isolated({ unmask: ['/proc/kallsyms'] }), 'mask')
    expect(shown).to.deep.equal(paths({}, 'mask').filter((path) => path !== '/proc/kallsyms'))
    const written = paths(isolated({ unmask: ['/proc/irq'] }), 'readonly')
    expect(written).to.deep.equal(paths({}, 'readonly').filter((path) => path !== '/proc/irq'))
  })

  it('is read-only still when something hidden is shown', () => {
    expect(paths({}, 'readonly')).not.to.include('/proc/asound')
    expect(paths(isolated({ unmask: ['/proc/asound'] }), 'readonly')).to.include('/proc/asound')
  })

  it('refuses to open what was never closed, naming what is', () => {
    expect(() => setup(isolated({ unmask: ['/proc/irq', '/proc/version'] })))
      .to.throw(TypeError, /neither hidden nor read-only/)
      .that.includes({ code: 'ERR_INVALID_SPEC', field: 'unmask[1]', subject: '/proc/version' })
  })

  it('is not there at all with a /proc of processes alone', () => {
    const { container } = setup(isolated({ procfs: 'pids' }))
    expect(container.find((step) => step.op === 'proc')).to.deep.include({
      options: ['subset=pid'],
    })
    const all = [...maskedProcPaths, ...readonlyProcPaths]
    const left = container.filter((step) => 'path' in step && all.includes(step.path))
    expect(left).to.deep.equal([])
  })
})

describe('kernel parameters', () => {
  it('are set before /proc is in its place, where they are read-only', () => {
    const ops = sysctls({ 'kernel/shmmax': '1' }).container.map(({ op }) => op)
    expect(ops.indexOf('sysctl')).to.be.within(1, ops.indexOf('proc') - 1)
  })

  it('of the network make it a namespace that nobody gets afterwards', () => {
    expect(networkOf({ 'kernel/shmmax': '1' })).to.equal(1)
    expect(networkOf({ 'net/ipv4/ip_forward': '1' })).to.equal(2)
  })

  it('are refused where no namespace of the container holds them', () => {
    const machine = [
      'kernel/core_pattern',
      'vm/overcommit_memory',
      'fs/file-max',
      'kernel/hostname',
    ]
    for (const key of [...machine, 'net/core/bpf_jit_enable']) {
      expect(() => sysctls({ [key]: '1' }), key)
        .to.throw(TypeError)
        .that.includes({
          code: 'ERR_INVALID_SPEC',
          field: `sysctls["${key.replaceAll('/', '.')}"]`,
        })
    }
    expect(() => sysctls({ 'net/ipv4/ip_forward': '1' }, 'host')).to.throw(/the network is/)
  })
})

describe('a single id', () => {
  const strict = { isolation: strictIsolation }

  it('is a user namespace of one, from a pool of its own', () => {
    expect(userOf({})).to.equal(1)
    expect(userOf(strict)).to.equal(3)
    expect(userOf({ ...strict, seccomp: 'unconfined' })).to.equal(4)
  })

  it('takes no other user and no group, and says what does', () => {
    for (const user of ['65534', '65534:65534']) expect(check({ user }, strict)).not.to.throw()
    for (const user of ['0', '65534:0', 'nobody', '1000']) {
      expect(check({ user }, strict), user)
        .to.throw(TypeError)
        .that.includes({ code: 'ERR_INVALID_SPEC', field: 'user' })
    }
    expect(check({ user: '65534', groups: ['5'] }, strict))
      .to.throw(TypeError)
      .that.includes({ field: 'groups' })
  })

  it('has no terminal among its devices', () => {
    expect(check({ user: '65534', tty: { cols: 80, rows: 24 } }, strict))
      .to.throw(TypeError, /devices/)
      .that.includes({ code: 'ERR_INVALID_SPEC', field: 'tty' })
  })
})

describe('a bind whose files are its owner’s', () => {
  const bind = { kind: 'bind', from: '/srv/w', to: '/w', readonly: false, ...plainBind } as const
  const owned = (user: string) => ({ user, mounts: [{ ...bind, owner: 'source' as const }] })
  const step = (user: string, identity = rootIdentity) =>
    setup(owned(user), identity).template.find(
      ({ op, ...rest }) =>
        (op === 'bind' || op === 'ownedBind') && 'source' in rest && rest.source === '/srv/w',
    )

  it('maps the owner to the user of the container, as root', () => {
    expect(step('0')).to.include({ op: 'ownedBind', uid: 1_000_000, gid: 1_000_000 })
    expect(step('7:8')).to.include({ op: 'ownedBind', uid: 1_000_007, gid: 1_000_008 })
  })

  it('is a plain one where the user of the container is this user anyway', () => {
    expect(step('0', singleIdentity)).to.include({ op: 'bind', idmap: 0 })
    expect(step('0', rangesIdentity)).to.include({ op: 'bind', idmap: 0 })
  })

  it('is refused where that cannot be, or where nobody knows yet who that is', () => {
    expect(() => step('7:8', rangesIdentity))
      .to.throw()
      .that.includes({ code: 'ERR_UNSUPPORTED', field: 'mounts[0].owner' })
    for (const user of ['7', 'app', 'app:8', '0:staff']) {
      expect(() => step(user), user)
        .to.throw(TypeError)
        .that.includes({ code: 'ERR_INVALID_SPEC', field: 'mounts[0].owner' })
    }
  })

  it('carries no program and no link where the caller says so', () => {
    const spec = { mounts: [{ ...bind, exec: false, symlinks: false }] }
    const { template } = setup(spec)
    const found = template.find((one) => one.op === 'bind' && one.source === '/srv/w')
    expect(found).to.include({ attrs: 0x2 | 0x4 | 0x8 | 0x200000 })
  })
})
