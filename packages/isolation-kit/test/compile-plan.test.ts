import { decodeSteps, encodeSteps, type MountSpec, type RootLease } from '@caisson/core'
import { PlanCompiler, type PlanKind } from '@caisson/isolation-kit'
import { expect } from 'chai'
import {
  host,
  lease,
  makeCommand,
  makeSpec,
  rootIdentity,
  singleIdentity,
  plainBind,
} from './support/fixtures.js'

const setupOf = (spec = makeSpec(), root: RootLease = lease, kind: PlanKind = 'pivot') =>
  new PlanCompiler(kind, host).setup({ spec, root }, rootIdentity)

const withMounts = (...mounts: MountSpec[]) => makeSpec({ mounts })
const tmpfs = (to: string): MountSpec => ({ kind: 'tmpfs', to, sizeBytes: 4096, exec: true })

function served(of: typeof host): ReturnType<PlanCompiler['setup']> {
  return new PlanCompiler('pivot', of).setup(
    { spec: makeSpec(), root: lease, copyOnWrite: 'fuse-overlayfs' },
    rootIdentity,
  )
}

describe('PlanCompiler', () => {
  it('makes another template when something else lies at the path of a mount', () => {
    let inode = 1n
    const identify = (path: string) => (path === '/srv/w' ? { device: 5n, inode } : undefined)
    const compiler = new PlanCompiler('pivot', { ...host, identify })
    const bind = { kind: 'bind', from: '/srv/w', to: '/w', readonly: true, ...plainBind } as const
    const template = () =>
      compiler.setup({ spec: withMounts(bind), root: lease }, rootIdentity).template
    const first = template()
    expect(first[0]).to.deep.equal({ op: 'expect', source: '/srv/w', device: 5n, inode: 1n })
    expect(template()).to.equal(first)
    inode = 2n
    expect(template()).not.to.equal(first)
  })

  it('gives equal requests the very same frozen lists', () => {
    const compiler = new PlanCompiler('pivot', host)
    const first = compiler.setup({ spec: makeSpec(), root: lease }, rootIdentity)
    const again = compiler.setup({ spec: makeSpec(), root: { ...lease } }, { ...rootIdentity })
    expect(again.template).to.equal(first.template)
    expect(again.container).to.equal(first.container)
    expect(first.container.every((step) => Object.isFrozen(step))).to.equal(true)
    const steps = compiler.process(makeSpec(), makeCommand(), rootIdentity)
    expect(compiler.process(makeSpec(), makeCommand(), rootIdentity)).to.equal(steps)
  })

  it('gives specs that differ in no step, as by their environment, the same lists', () => {
    const compiler = new PlanCompiler('pivot', host)
    const a = compiler.setup({ spec: makeSpec({ env: { A: '1' } }), root: lease }, rootIdentity)
    const b = compiler.setup({ spec: makeSpec({ env: { A: '2' } }), root: lease }, rootIdentity)
    expect(a.template).to.equal(b.template)
    expect(a.container).to.equal(b.container)
  })

  it('shares a template between containers that differ only in what is theirs', () => {
    const compiler = new PlanCompiler('pivot', host)
    const a = compiler.setup({ spec: makeSpec(), root: lease }, rootIdentity)
    const b = compiler.setup({ spec: makeSpec({ readonlyRoot: true }), root: lease }, rootIdentity)
    expect(a.template).to.equal(b.template)
    expect(a.container).not.to.equal(b.container)
  })

  it('keeps identities, users and working directories apart', () => {
    const compiler = new PlanCompiler('pivot', host)
    const lists = [
      compiler.process(makeSpec(), makeCommand(), rootIdentity),
      compiler.process(makeSpec(), makeCommand(), singleIdentity),
      compiler.process(makeSpec(), makeCommand({ user: '1000' }), rootIdentity),
      compiler.process(makeSpec(), makeCommand({ cwd: '/tmp' }), rootIdentity),
      compiler.process(makeSpec(), makeCommand({ groups: ['5'] }), rootIdentity),
    ]
    expect(new Set(lists).size).to.equal(lists.length)
  })

  it('makes steps that the encoder takes in their contexts', () => {
    const { template, container } = setupOf(
      withMounts({
        kind: 'bind',
        from: '/srv/x.conf',
        to: '/etc/x.conf',
        readonly: true,
        ...plainBind,
      }),
    )
    const process = new PlanCompiler('chroot', host).process(
      makeSpec(),
      makeCommand(),
      rootIdentity,
    )
    for (const [list, context] of [
      [template, 'template'],
      [container, 'container'],
      [process, 'process'],
    ] as const) {
      expect(decodeSteps(encodeSteps(list, context), context)).to.deep.equal(list)
    }
  })

  it('mounts inner places after outer ones and makes their directories there', () => {
    const { container } = setupOf(withMounts(tmpfs('/a/b'), tmpfs('/a')))
    const at = (op: string, path: string) =>
      container.findIndex(
        (step) => step.op === op && ('at' in step ? step.at : 'path' in step && step.path) === path,
      )
    expect(at('mkdir', '/a')).to.be.below(at('mount', '/a'))
    expect(at('mount', '/a')).to.be.below(at('mkdir', '/a/b'))
    expect(at('mkdir', '/a/b')).to.be.below(at('mount', '/a/b'))
  })

  it('lets a caller replace /dev/shm, and /tmp of a chroot, by a tmpfs of another size', () => {
    const spec = withMounts(tmpfs('/dev/shm'), tmpfs('/tmp'))
    const { container } = setupOf(spec, lease, 'chroot')
    for (const place of ['/dev/shm', '/tmp']) {
      const mounts = container.filter((step) => step.op === 'mount' && step.at === place)
      expect(mounts, place).to.have.length(1)
      expect(mounts[0]).to.have.property('options').that.includes('size=4096')
    }
  })

  for (const to of [
    '/',
    '//',
    '/proc',
    '/proc/self',
    '/sys/fs',
    '/dev',
    '/dev/null',
    '/dev/pts',
    '/dev/pts/ptmx',
    '/a/../proc',
    'tmp',
    '/a\0b',
    '/./proc/',
  ]) {
    it(`refuses to mount at ${JSON.stringify(to)}`, () => {
      expect(() => setupOf(withMounts(tmpfs('/ok'), tmpfs(to))))
        .to.throw(TypeError)
        .that.includes({ code: 'ERR_MOUNT_TARGET', field: 'mounts[1].to' })
    })
  }

  it('names the bind whose source is missing', () => {
    const bind: MountSpec = {
      kind: 'bind',
      from: '/missing',
      to: '/x',
      readonly: true,
      ...plainBind,
    }
    expect(() => setupOf(withMounts(tmpfs('/ok'), bind)))
      .to.throw(TypeError)
      .that.includes({ code: 'ERR_MOUNT_SOURCE', field: 'mounts[1].from' })
  })

  it('uses a root without copy-on-write as it is, and refuses to make it writable', () => {
    const plain: RootLease = {
      ...lease,
      copyOnWrite: false,
      parts: [{ at: '/', lowers: ['/srv/root'] }],
      extras: [],
    }
    const { container } = setupOf(makeSpec({ readonlyRoot: true }), plain)
    expect(container.filter((step) => step.op === 'root')).to.deep.equal([
      { op: 'root', from: 'l/0.0' },
    ])
    expect(container.some((step) => step.op === 'overlay' || step.op === 'upper')).to.equal(false)
    expect(() => setupOf(makeSpec(), plain))
      .to.throw()
      .that.includes({ code: 'ERR_ROOTFS_INVALID', fix: 'Set readonlyRoot: true.' })
  })
  it('copies a root part by part where that is asked for, and never shares such a plan with overlays', () => {
    const compiler = new PlanCompiler('pivot', host)
    const steps = (copyOnWrite?: 'overlay' | 'reflink' | 'copy') =>
      compiler.setup({ spec: makeSpec(), root: lease, copyOnWrite }, rootIdentity).container
    const copies = (list: ReturnType<typeof steps>) =>
      list.flatMap((step) =>
        step.op === 'copyRoot' ? [[step.at, step.lowers, step.apart, step.closed]] : [],
      )
    const plain = steps()
    expect(copies(plain)).to.deep.equal([])
    expect(copies(steps('copy'))).to.deep.equal([
      ['/usr', ['l/1.0'], 1, []],
      // what is masked is not copied either
      ['/etc', ['l/2.0', 'l/2.1'], 1, ['shadow']],
    ])
    expect(copies(steps('reflink')).map(([, , apart]) => apart)).to.deep.equal([0, 0])
    // nothing lies below the first part: there is nothing to copy
    expect(steps('copy').filter(({ op }) => op === 'overlay')).to.have.length(1)
    expect(steps('overlay')).to.equal(plain)
  })

  it('has a root served part by part, by a program and a device of the host, or says what is missing', () => {
    const { template, container } = served(host)
    expect(template.filter((step) => step.op === 'device' && step.at === 'fuse')).to.deep.equal([
      { op: 'device', source: '/dev/fuse', at: 'fuse', major: 10, minor: 229 },
    ])
    expect(
      container.flatMap((step) =>
        step.op === 'fuseRoot' ? [[step.at, step.lowers, step.device, step.program]] : [],
      ),
    ).to.deep.equal([
      ['/usr', ['l/1.0'], 'fuse', '/usr/bin/fuse-overlayfs'],
      ['/etc', ['l/2.0', 'l/2.1'], 'fuse', '/usr/bin/fuse-overlayfs'],
    ])
    for (const [missing, fix] of [
      [{ program: () => undefined }, 'apt-get install fuse-overlayfs'],
      [{ isDirectory: () => undefined }, 'modprobe fuse'],
    ] as const)
      expect(() => served({ ...host, ...missing }))
        .to.throw()
        .that.deep.includes({
          code: 'ERR_UNSUPPORTED',
          field: 'copyOnWrite',
          fix: `As root: ${fix}; or choose another \`copyOnWrite\`.`,
        })
  })

  it('makes paths read-only after what is made in the root and before what is mounted on it', () => {
    const { container } = setupOf({ ...makeSpec(), readonlyPaths: ['/etc', '/usr/lib'] })
    const ops = container.map(({ op }) => op)
    const at = container.findIndex((step) => step.op === 'readonly' && step.path === '/etc')
    expect(container.slice(at, at + 2)).to.deep.equal([
      { op: 'readonly', path: '/etc', required: 1 },
      { op: 'readonly', path: '/usr/lib', required: 1 },
    ])
    expect(ops.lastIndexOf('mkdir')).to.be.lessThan(at)
    expect(ops.indexOf('move')).to.be.greaterThan(at)
  })

  it("refuses paths to be read-only in a /tmp that is not the root's", () => {
    const chroot = new PlanCompiler('chroot', host)
    const spec = { ...makeSpec(), readonlyPaths: ['/etc', '/tmp/x'] }
    expect(() => chroot.setup({ spec, root: lease }, rootIdentity))
      .to.throw(TypeError)
      .that.includes({ code: 'ERR_INVALID_SPEC', field: 'readonlyPaths[1]' })
  })
})
