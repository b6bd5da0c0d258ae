import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CaissonError, Launcher, LaunchPlan } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { fakeLauncher, fakeProgram, someCommand, somePlan, textOf } from './fake-session.js'

async function errorOf(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    return error as CaissonError
  }
  throw new Error('it did not fail')
}

describe('createLauncher', () => {
  const plan = somePlan()
  const launchers: Launcher[] = []

  function make(scenario?: string): Launcher {
    const launcher = fakeLauncher(scenario)
    launchers.push(launcher)
    return launcher
  }
  afterEach(async () => {
    for (const launcher of launchers.splice(0)) await launcher[Symbol.asyncDispose]()
  })

  const run = async (launcher: Launcher, argv: string[], on: LaunchPlan = plan) =>
    textOf(await launcher.run(on, someCommand(argv)).ended)

  it('says who it is without being asked to run anything', async () => {
    const identity = await make().identity()
    expect(identity).to.include({ mode: 'single', idCount: 1, rootUid: 0, setgroups: false })
    expect(identity.degraded).to.have.length(1)
  })

  it('tells how a command ended in the units of the contract', async () => {
    const launched = make().run(plan, someCommand(['echo', 'a', 'b']))
    const end = await launched.ended
    expect(end).to.deep.include({
      pid: 2,
      exitCode: 0,
      signal: null,
      userMs: 1.5,
      systemMs: 0.5,
      wallMs: 2,
    })
    expect(end).to.include({ peakMemoryBytes: 8192, stdoutTotal: 3, stderrTotal: 0 })
    expect(textOf(end)).to.equal('a b')
    expect(await launched.started).to.deep.equal({ pid: 2 })
  })

  it('tells exit codes from signals', async () => {
    const launcher = make()
    const end = (status: number) =>
      launcher.run(plan, someCommand(['status', String(status)])).ended
    expect(await end(3 << 8)).to.include({ exitCode: 3, signal: null })
    expect(await end(9)).to.include({ exitCode: null, signal: 'SIGKILL' })
    expect(await end(6 | 0x80)).to.include({ exitCode: null, signal: 'SIGABRT' })
    expect(await end(37)).to.include({ exitCode: null, signal: 'SIGRTMIN+3' })
  })

  it('sends argv, environment and steps of its own with a start', async () => {
    const command = someCommand(['env'], {
      env: ['A=1', 'B=é'],
      steps: [
        { op: 'rlimit', resource: 7, soft: 1n, hard: 2n },
        { op: 'hostname', name: 'box' },
      ],
    })
    expect(textOf(await make().run(plan, command).ended)).to.equal('A=1 B=é')
  })

  it('keeps many commands apart that are under way at once', async () => {
    const launcher = make()
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, i) => run(launcher, ['echo', String(i)])),
    )
    expect(all).to.deep.equal(Array.from({ length: 200 }, (_, i) => String(i)))
  })

  it('takes output of 32 MiB', async () => {
    const size = 32 * 1024 * 1024
    const command = someCommand(['big', String(size)], { maxOutputBytes: size })
    expect((await make().run(plan, command).ended).stdout.length).to.equal(size)
  })

  it('sends each list once, and templates of equal content once', async () => {
    const launcher = make()
    const other = { ...somePlan(), process: [] }
    await run(launcher, ['echo'])
    await run(launcher, ['echo'], other)
    await run(launcher, ['echo'], somePlan('/srv'))
    const received = await run(launcher, ['received'])
    expect(received).to.equal('template:1 plan:2 plan:3 plan:4 template:5 plan:6 plan:7')
  })

  it('drops lists that nobody can use any more', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new Error('this Node has no gc()')
    const launcher = make()
    await run(launcher, ['echo'], somePlan('/a'))
    await run(launcher, ['echo'], somePlan('/b'))
    const dropped = ['drop:1,1', 'drop:2,2', 'drop:2,3', 'drop:1,4', 'drop:2,5', 'drop:2,6']
    let received: string[] = []
    for (let round = 0; round < 50 && !dropped.every((d) => received.includes(d)); round++) {
      collect()
      received = (await run(launcher, ['received'])).split(' ')
    }
    expect(received).to.include.members(dropped)
  })

  it('gives the launcher nothing of its environment', async () => {
    process.env['CAISSON_TEST_SECRET'] = 'x'
    try {
      expect(await run(make(), ['environment'])).to.equal('{}')
    } finally {
      delete process.env['CAISSON_TEST_SECRET']
    }
  })

  it('sends signals, also those given before the launcher is there', async () => {
    const launcher = make()
    const launched = launcher.run(plan, someCommand(['never']))
    launched.signal('SIGTERM')
    expect(await launched.ended).to.include({ signal: 'SIGTERM' })
    launched.signal('SIGKILL')
    expect(await run(launcher, ['signals'])).to.equal('15')
  })

  it('turns a failure into an error with step, system call, errno and subject', async () => {
    const error = await errorOf(make().run(plan, someCommand(['fail', '4', '41', '2'])).ended)
    expect(error).to.include({
      code: 'ERR_COMMAND_NOT_FOUND',
      step: 'exec',
      errno: 'ENOENT',
      syscall: 'fake',
      subject: 'it',
    })
  })

  it('rejects both promises, and neither goes unhandled when the other is awaited', async () => {
    const launched = make().run(plan, someCommand(['fail', '3', '7', '22']))
    const { started } = launched
    expect(await errorOf(launched.ended)).to.include({ code: 'ERR_LAUNCH', step: 'overlay' })
    expect(await errorOf(started)).to.include({ code: 'ERR_LAUNCH' })
  })

  it('fails what trusted in a template that could not be built, and builds it anew the next time', async () => {
    const launcher = make('templateFails')
    for (let round = 0; round < 2; round++) {
      const both = [1, 2].map(() => errorOf(launcher.run(plan, someCommand(['never'])).ended))
      for (const error of await Promise.all(both)) {
        expect(error).to.include({ code: 'ERR_MOUNT_SOURCE', step: 'bind', syscall: 'open_tree' })
      }
    }
  })

  it('refuses a bad step without harm to the launcher', async () => {
    const launcher = make()
    const bad = someCommand(['echo'], { steps: [{ op: 'hostname', name: 'a\0b' }] })
    expect(await errorOf(launcher.run(plan, bad).ended)).to.include({ code: 'ERR_INVALID_SPEC' })
    expect(await run(launcher, ['echo', 'still here'])).to.equal('still here')
  })

  it('refuses input that no frame takes', async () => {
    const bytes = new Uint8Array(61 * 1024 * 1024)
    const error = await errorOf(
      make().run(plan, someCommand(['echo'], { stdin: { kind: 'bytes', bytes } })).ended,
    )
    expect(error).to.include({ code: 'ERR_ARGV_TOO_LARGE' })
  })

  describe('when the launcher is lost', () => {
    it('rejects everything pending with its last words, and starts another', async () => {
      const launcher = make()
      const container = await launcher.create(plan, [])
      const pending = launcher.run(plan, someCommand(['never'])).ended
      const error = await errorOf(launcher.run(plan, someCommand(['crash'])).ended)
      expect(error).to.include({ code: 'ERR_LAUNCHER_GONE', retryable: true })
      expect(error.message).to.include('exit code 42').and.include('out of cheese')
      expect(await errorOf(pending)).to.include({ code: 'ERR_LAUNCHER_GONE' })
      await container.gone
      await container.remove()
      const late = container.exec([], someCommand(['echo']))
      expect(await errorOf(late.ended)).to.include({ code: 'ERR_CONTAINER_GONE' })
      expect(await run(launcher, ['echo', 'again'])).to.equal('again')
      expect(await run(launcher, ['received'])).to.equal('template:1 plan:2 plan:3')
    })

    for (const fault of ['garbage', 'huge', 'unasked']) {
      it(`kills one that breaks the protocol (${fault})`, async () => {
        const launcher = make()
        const error = await errorOf(launcher.run(plan, someCommand([fault])).ended)
        expect(error).to.include({ code: 'ERR_LAUNCHER_GONE' })
        expect(error.message).to.include('it broke the protocol')
        expect(await run(launcher, ['echo', 'again'])).to.equal('again')
      })
    }

    it('says what happened when it dies at its hello', async () => {
      const error = await errorOf(make('helloDies').identity())
      expect(error).to.include({ code: 'ERR_LAUNCHER_GONE' })
      expect(error.message).to.include('no such luck')
    })

    it('says why a program could not be started', async () => {
      const launcher = createLauncher({ path: '/nonexistent/launcher', mode: 'single' })
      const error = await errorOf(launcher.identity())
      expect(error).to.include({ code: 'ERR_LAUNCHER_GONE', subject: '/nonexistent/launcher' })
      expect(error.message).to.include('ENOENT')
      await launcher[Symbol.asyncDispose]()
    })
  })

  it('names the fix when user namespaces are forbidden', async () => {
    const error = await errorOf(make('helloFails').identity())
    expect(error).to.include({ code: 'ERR_USER_NAMESPACE', errno: 'EPERM', syscall: 'unshare' })
    expect(error.fix).to.be.a('string')
  })

  describe('a kept container', () => {
    it('runs commands until it is stopped, and says when it is gone', async () => {
      const container = await make().create(plan, [{ op: 'hostname', name: 'box' }])
      expect(container.pid).to.equal(4242)
      expect(
        textOf(await container.exec(plan.process, someCommand(['echo', 'in'])).ended),
      ).to.equal('in')
      await Promise.all([container.stop(), container.stop(), container.gone])
      const late = container.exec(plan.process, someCommand(['echo']))
      expect(await errorOf(late.ended)).to.include({ code: 'ERR_CONTAINER_GONE' })
      await Promise.all([container.remove(), container.remove()])
      const listing = container.upperEntries(0, [])[Symbol.asyncIterator]()
      expect(await errorOf(listing.next())).to.include({ code: 'ERR_CONTAINER_GONE' })
    })

    it('fails to be made with the step that failed', async () => {
      const error = await errorOf(make('createFails').create(plan, []))
      expect(error).to.include({ code: 'ERR_LAUNCH', step: 'overlay', errno: 'EINVAL' })
    })
  })

  describe('streams', () => {
    let directory: string
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'caisson-streams-'))
      execFileSync('mkfifo', [join(directory, 'in'), join(directory, 'out')])
    })
    afterEach(() => rmSync(directory, { recursive: true }))

    it('are pipes of their own, and the launcher may close its ends', async () => {
      const launcher = make()
      const [input, output] = [join(directory, 'in'), join(directory, 'out')]
      const command = someCommand(['stream', input, output], {
        stdin: { kind: 'stream' },
        stdout: 'stream',
      })
      const { stdin, stdout } = await launcher.run(plan, command).started
      expect(await run(launcher, ['received'])).to.include('opened:1,0 opened:1,1')
      const reader = spawn('head', ['-n1', input], { stdio: ['ignore', 'pipe', 'inherit'] })
      stdin?.write('to the command\n')
      expect(await text(reader.stdout)).to.equal('to the command\n')
      const writer = spawn('sh', ['-c', 'echo from it >"$0"', output], { stdio: 'inherit' })
      const [chunk] = (await once(stdout ?? process.stdin, 'data')) as [Buffer]
      expect(chunk.toString()).to.equal('from it\n')
      if (writer.exitCode === null) await once(writer, 'exit')
      stdin?.destroy()
      stdout?.destroy()
    })

    it('that cannot be opened fail their command alone', async () => {
      const launcher = make()
      const command = someCommand(['stream', '', '/dev/null'], { stdout: 'stream' })
      const launched = launcher.run(plan, command)
      expect(await errorOf(launched.ended)).to.include({ code: 'ERR_LAUNCH' })
      expect(await run(launcher, ['signals'])).to.equal('9')
    })
  })

  describe('disposal', () => {
    it('fails what is pending and every later call, and leaves no process', async () => {
      const launcher = make()
      const pending = launcher.run(plan, someCommand(['never'])).ended
      await launcher.identity()
      await Promise.all([launcher[Symbol.asyncDispose](), launcher[Symbol.asyncDispose]()])
      expect(await errorOf(pending)).to.include({ code: 'ERR_DISPOSED' })
      expect(await errorOf(launcher.identity())).to.include({ code: 'ERR_DISPOSED' })
      expect(await errorOf(launcher.run(plan, someCommand(['echo'])).ended)).to.include({
        code: 'ERR_DISPOSED',
      })
    })

    it('ends a launcher that was only about to be there', async () => {
      const launcher = make()
      const pending = launcher.run(plan, someCommand(['never'])).ended
      await launcher[Symbol.asyncDispose]()
      expect(await errorOf(pending)).to.include({ code: 'ERR_DISPOSED' })
    })

    it('kills one that does not leave', async () => {
      const launcher = make('lingers')
      await launcher.identity()
      const before = Date.now()
      await launcher[Symbol.asyncDispose]()
      expect(Date.now() - before).to.be.within(1900, 8000)
    })
  })

  it('lets Node exit while it idles with a container, and not before its work is done', () => {
    const { path, arguments: args } = fakeProgram('honest')
    const source = `
      import { createLauncher } from '@caisson/launcher'
      const launcher = createLauncher(${JSON.stringify({ path, arguments: args, mode: 'single' })})
      const plan = { template: [], container: [], process: [] }
      launcher.create(plan, []).then(() => console.log('made'))
      process.on('exit', () => console.log('left'))`
    const cwd = new URL('..', import.meta.url)
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', source], {
      cwd,
      timeout: 9000,
    })
    expect(output.toString()).to.equal('made\nleft\n')
  })
})
