import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Launcher, LaunchPlan } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand, textOf } from './fake-session.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

interface Task {
  readonly pid: number
  readonly name: string
  readonly state: string
  readonly parent: number
}

function tasks(): readonly Task[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      return [{ pid: Number(name), name: comm, state, parent: Number(parent) }]
    } catch {
      return [] // it ended while we looked
    }
  })
}

function launcherPid(): number {
  const own = tasks().filter((t) => t.parent === process.pid && t.name.startsWith('caisson'))
  if (own.length !== 1) throw new Error(`${own.length} launchers`)
  return own[0]?.pid ?? 0
}

/** Pid 1s that the launcher holds, wanted or not. */
function held(launcher: number): readonly number[] {
  return tasks()
    .filter((t) => t.parent === launcher && t.state !== 'Z')
    .map((t) => t.pid)
}

/** The spare, once it is there and what ran before it is not. */
async function theSpare(launcher: number): Promise<number> {
  for (;;) {
    const [spare, ...more] = tasks().filter((t) => t.parent === launcher && t.state !== 'Z')
    if (spare?.name === 'caisson-spare' && more.length === 0) return spare.pid
    await delay(5)
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5)
}

describe('spare pid 1s', () => {
  let root: RealRoot
  let launcher: Launcher
  let plan: LaunchPlan

  before(async function () {
    const busybox = await findStaticBusybox()
    if (!busybox) {
      console.log('      skipped: needs a static busybox (apt-get install busybox-static)')
      return this.skip()
    }
    root = new RealRoot(busybox)
    return undefined
  })
  beforeEach(async () => {
    launcher = createLauncher()
    plan = root.plan(await launcher.identity())
  })
  afterEach(() => launcher[Symbol.asyncDispose]())
  after(() => root?.[Symbol.dispose]())

  const run = (script: string, which = plan) =>
    launcher.run(which, someCommand(['sh', '-c', script], { env: ['PATH=/bin'] })).ended

  it('are not made for a plan that is used once', async () => {
    await run('true')
    const pid = launcherPid()
    await until(() => held(pid).length === 0)
  })

  it('are made one at a time for a plan in use, and go when nobody wants them', async function () {
    this.timeout(20_000)
    const pid = launcherPid()
    for (let i = 0; i < 5; i++) await run('true')
    await until(() => held(pid).length === 1)
    await until(() => held(pid).length === 0)
  })

  it('share nothing with the container before them', async () => {
    const script = 'cat /tmp/left 2>/dev/null; echo here > /tmp/left; echo $$'
    for (let i = 0; i < 5; i++) expect(textOf(await run(script))).to.match(/^\d+\n$/)
  })

  it('are replaced when they are killed from outside', async () => {
    const pid = launcherPid()
    for (let i = 0; i < 3; i++) await run('true')
    const spare = await theSpare(pid)
    process.kill(spare, 'SIGKILL')
    await until(() => !held(pid).includes(spare))
    expect((await run('exit 4')).exitCode).to.equal(4)
  })

  it('do not hide why a set-up fails: every start says it', async () => {
    const container = Object.freeze(
      plan.container.toSpliced(3, 0, { op: 'move', from: 'nowhere', at: '/tmp' }),
    )
    for (let i = 0; i < 4; i++) {
      const failed = await run('true', { ...plan, container }).then(
        () => 'it ran',
        (error: { step?: string; errno?: string }) => `${error.step} ${error.errno}`,
      )
      expect(failed).to.equal('move ENOENT')
    }
  })

  it('are few, however many plans are in use', async () => {
    const pid = launcherPid()
    for (let i = 0; i < 12; i++) {
      const container = Object.freeze([...plan.container])
      for (let n = 0; n < 3; n++) await run('true', { ...plan, container })
    }
    await until(() => held(pid).length <= 4)
  })

  it('die with the launcher', async () => {
    const pid = launcherPid()
    for (let i = 0; i < 3; i++) await run('true')
    const spare = await theSpare(pid)
    await launcher[Symbol.asyncDispose]()
    await until(() => !tasks().some((t) => t.pid === spare && t.state !== 'Z'))
  })
})
