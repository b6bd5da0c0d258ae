import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CaissonError, ContainerStep, Launcher, LaunchPlan, ProcessStep } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand, textOf } from './fake-session.js'
import { findHierarchy, findTree, GroupTree, members } from './group-tree.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

const env = ['PATH=/bin']

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5)
}

async function errorOf(promise: Promise<unknown>): Promise<Partial<CaissonError>> {
  try {
    await promise
  } catch (error) {
    return error as CaissonError
  }
  throw new Error('it did not fail')
}

interface CgroupFields {
  readonly born?: string
  readonly ahead?: string
  readonly tasks?: readonly string[]
  readonly owned?: readonly string[]
}

const cgroup = ({
  born = '',
  ahead = '',
  tasks = [],
  owned = [],
}: CgroupFields): ContainerStep => ({
  op: 'cgroup',
  born,
  ahead,
  tasks,
  owned,
})
const group = (into: string, tasks: readonly string[] = []): ProcessStep => ({
  op: 'group',
  into,
  tasks,
})

describe('control groups, joined at birth', () => {
  const tree = findTree()
  let root: RealRoot
  let launcher: Launcher
  let plan: LaunchPlan
  let uid = 0
  let groups: GroupTree

  before(async function () {
    const busybox = await findStaticBusybox()
    if (!busybox || tree === undefined) {
      console.log(
        `      skipped: needs ${busybox ? 'root and a cgroup v2 tree' : 'a static busybox (apt-get install busybox-static)'}`,
      )
      return this.skip()
    }
    root = new RealRoot(busybox)
    return undefined
  })
  beforeEach(async () => {
    launcher = createLauncher()
    const identity = await launcher.identity()
    uid = identity.rootUid
    plan = root.plan(identity)
    groups = new GroupTree(tree ?? '')
  })
  afterEach(async () => {
    await launcher[Symbol.asyncDispose]()
    groups[Symbol.dispose]()
  })
  after(() => root?.[Symbol.dispose]())

  const run = (script: string, steps: readonly (ContainerStep | ProcessStep)[]) =>
    launcher.run(plan, someCommand(['sh', '-c', script], { env, steps })).ended

  it('hold pid 1 in one and the command in another, and show no path of the host', async () => {
    const { init, box } = groups.container('c', uid)
    const launched = launcher.run(
      plan,
      someCommand(['sh', '-c', 'cat /proc/self/cgroup /proc/1/cgroup; read x'], {
        env,
        steps: [cgroup({ born: init }), group(box)],
        stdin: { kind: 'stream' },
        reportStart: true,
      }),
    )
    const { stdin } = await launched.started
    await until(() => members(box).length === 1)
    expect(members(init)).to.have.length(1)
    stdin?.end('go on\n')
    const seen = textOf(await launched.ended)
    expect(seen).to.match(/^0::\/$/m)
    expect(seen).to.match(/^0::\/\.\.\/init$/m)
    expect(seen).not.to.include('caisson-test')
  })

  it('take a pid 1 that was made ahead in the next group, and only in that', async () => {
    const names = ['a', 'b', 'c', 'd']
    const all = names.map((name) => groups.container(name, uid))
    for (const [i, { init, box }] of all.entries()) {
      const made = members(init)
      expect(made, names[i]).to.have.length(i < 2 ? 0 : 1)
      const ahead = all[i + 1]?.init ?? ''
      const end = await run('cat /proc/self/cgroup', [cgroup({ born: init, ahead }), group(box)])
      expect(textOf(end)).to.match(/^0::\/$/m)
      // it was the one that waited, not one more
      await until(() => members(init).length === 0)
      if (i > 0 && ahead !== '') await until(() => members(ahead).length === 1)
    }
  })

  it('are cleared of a pid 1 that was made there for another plan', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => groups.container(name, uid))
    if (!a || !b || !c) throw new Error('unreachable')
    await run('true', [cgroup({ born: a.init, ahead: b.init }), group(a.box)])
    await run('true', [cgroup({ born: b.init, ahead: c.init }), group(b.box)])
    await until(() => members(c.init).length === 1)
    const [spare] = members(c.init)
    const other = { ...plan, container: Object.freeze([...plan.container]) }
    const steps = [cgroup({ born: c.init }), group(c.box)]
    await launcher.run(other, someCommand(['true'], { env, steps })).ended
    await until(() => members(c.init).every((pid) => pid !== spare))
  })

  it('give a command that is pid 1 its own', async () => {
    const { init, box } = groups.container('c', uid)
    const steps = [cgroup({ born: init }), group(box), { op: 'init' } as const]
    const launched = launcher.run(
      plan,
      someCommand(['sh', '-c', 'cat /proc/self/cgroup; echo $$; read x'], {
        env,
        steps,
        stdin: { kind: 'stream' },
        reportStart: true,
      }),
    )
    const { stdin } = await launched.started
    await until(() => members(box).length === 1) // cat has ended
    expect(members(init)).to.deep.equal([])
    stdin?.end('go on\n')
    expect(textOf(await launched.ended)).to.match(/^0::\/\n[^]*^1\n$/m)
  })

  it('give each command of a container that stays one of its own, and kill it as before', async () => {
    const { init } = groups.container('c', uid)
    const [one, two] = [groups.delegated('c/e1', uid), groups.delegated('c/e2', uid)]
    const kept = await launcher.create(plan, [cgroup({ born: init })])
    expect(members(init)).to.deep.equal([kept.pid])
    const start = (leaf: string) => {
      const argv = ['sh', '-c', 'busybox setsid sleep 1000 | sleep 1000; true']
      return kept.exec(plan.process, someCommand(argv, { env, steps: [group(leaf)] }))
    }
    const [first, second] = [start(one), start(two)]
    for (const leaf of [one, two]) await until(() => members(leaf).length >= 3)
    first.signal('SIGKILL')
    expect(await first.ended).to.include({ signal: 'SIGKILL' })
    // the dead leave their group a moment after they were waited for
    await until(() => members(one).length === 0)
    expect(members(two)).not.to.deep.equal([])
    await kept.remove()
    expect(await second.ended).to.include({ signal: 'SIGKILL' })
    await until(() => members(two).length === 0)
  })

  it('go, with all below them, when the client is gone, and not before', async () => {
    const { init, box, path } = groups.container('c', uid)
    const kept = await launcher.create(plan, [cgroup({ born: init, owned: [path] })])
    const argv = ['sh', '-c', 'trap "" TERM HUP INT; sleep 1000']
    const command = kept.exec(
      plan.process,
      someCommand(argv, { env, steps: [group(box)], reportStart: true }),
    )
    await command.started
    const ended = errorOf(command.ended)
    await launcher[Symbol.asyncDispose]()
    await ended
    await until(() => !existsSync(path))
  })

  it('stay when their container is removed: their counters are still to be read', async () => {
    const { init, box, path } = groups.container('c', uid)
    await run('true', [cgroup({ born: init, owned: [path] }), group(box)])
    expect(readFileSync(join(box, 'cgroup.events'), 'utf8')).to.include('populated 0')
  })

  it('are refused to a container whose root was not given them', async function () {
    if (uid === 0) return this.skip() // its root is the very user that owns them
    const { init } = groups.container('c', uid)
    const leaf = join(groups.path, 'c/mine')
    mkdirSync(leaf)
    const end = run('true', [cgroup({ born: init }), group(leaf)])
    expect(await errorOf(end)).to.include({ step: 'group', syscall: 'clone3', errno: 'EACCES' })
    return undefined
  })

  it('must be there, and groups', async () => {
    const { init } = groups.container('c', uid)
    const missing = join(groups.path, 'missing')
    const plain = join(tmpdir(), `caisson-test-${process.pid}`)
    mkdirSync(plain)
    try {
      const tries = [
        [cgroup({ born: missing })],
        [cgroup({ born: init }), group(missing)],
        [cgroup({ born: plain })],
        [cgroup({ born: init }), group(plain)],
        [cgroup({ tasks: [join(missing, 'tasks')] })],
        [cgroup({ tasks: ['/proc/self/comm'] })],
        [group(plain, ['/proc/self/comm'])],
      ]
      const failures = await Promise.all(tries.map((steps) => errorOf(run('true', steps))))
      expect(
        failures.map((it) => `${it.step} ${it.syscall} ${it.errno} ${it.subject}`),
      ).to.deep.equal([
        `cgroup open ENOENT ${missing}`,
        `group open ENOENT ${missing}`,
        `cgroup fstatfs EINVAL ${plain}`,
        `group fstatfs EINVAL ${plain}`,
        `cgroup open ENOENT ${missing}/tasks`,
        'cgroup fstatfs EINVAL /proc/self/comm',
        `group fstatfs EINVAL ${plain}`,
      ])
    } finally {
      rmSync(plain, { recursive: true })
    }
  })

  it('are at most 28 descriptors for one order', async () => {
    const { init, box } = groups.container('c', uid)
    const many = Array.from({ length: 28 }, () => group(box))
    expect(await run('exit 3', [cgroup({ born: init }), ...many])).to.include({ exitCode: 3 })
    const more = errorOf(run('true', [cgroup({ born: init }), group(box), ...many]))
    expect(await more).to.include({ step: 'group', errno: 'E2BIG' })
  })
})

describe('control groups of version 1, joined by pid 1 and by commands', () => {
  const hierarchy = findHierarchy()
  let root: RealRoot
  let launcher: Launcher
  let groups: GroupTree

  before(async function () {
    const busybox = await findStaticBusybox()
    if (!busybox || hierarchy === undefined || process.getuid?.() !== 0) {
      console.log('      skipped: needs root, a static busybox and cgroup v1 (pids)')
      return this.skip()
    }
    root = new RealRoot(busybox)
    return undefined
  })
  beforeEach(() => {
    launcher = createLauncher()
    groups = new GroupTree(hierarchy ?? '')
  })
  afterEach(async () => {
    await launcher[Symbol.asyncDispose]()
    groups[Symbol.dispose]()
  })
  after(() => root?.[Symbol.dispose]())

  it('hold them, spare or not, and show no path of the host', async () => {
    const plan = root.plan(await launcher.identity())
    for (const name of ['a', 'b', 'c', 'd']) {
      const outer = join(groups.path, name)
      const inner = join(outer, 'inner')
      mkdirSync(outer)
      mkdirSync(inner)
      const argv = ['sh', '-c', 'cat /proc/self/cgroup; read x']
      const launched = launcher.run(
        plan,
        someCommand(argv, {
          env,
          steps: [cgroup({ tasks: [join(outer, 'tasks')] }), group('', [join(inner, 'tasks')])],
          stdin: { kind: 'stream' },
          reportStart: true,
        }),
      )
      const { stdin } = await launched.started
      await until(() => members(inner).length === 1)
      expect(members(outer)).to.have.length(1)
      stdin?.end('go on\n')
      expect(textOf(await launched.ended)).to.match(/:pids:\/$/m)
    }
  })
})
