import { expect } from 'chai'
import { CaissonError, createEngine, type Container, type Engine, type Probe } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { deferred } from '../support/fake-process.js'
import { thrown } from '../support/thrown.js'

/** What `doctor()` of such an engine says. */
async function okWith(options: Parameters<typeof createEngine>[0]): Promise<boolean> {
  await using made = await createEngine(options)
  return (await made.doctor()).ok
}

describe('engine.run', () => {
  let world: FakeWorld
  let engine: Engine<'cpuTime' | 'pids'>

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({
      rootfs: [world.rootfs(), world.rootfs('other', ['other', 'third'])],
      isolation: world.isolation(),
      limiters: [world.limiter('first', ['cpuTime']), world.limiter('second', ['cpuTime', 'pids'])],
    })
  })

  afterEach(async () => {
    await engine[Symbol.asyncDispose]()
    expect(world.held, 'leases held').to.equal(0)
  })

  it('gives a frozen result with everything in it', async () => {
    const result = await engine.run(['echo', 'a', 'b'])
    expect(result).to.deep.include({
      ok: true,
      reason: 'exit',
      exitCode: 0,
      signal: null,
      stdout: 'a b\n',
      stderr: '',
      truncated: { stdout: false, stderr: false },
      usage: {
        wallMs: 5,
        cpuMs: 3,
        userMs: 2,
        systemMs: 1,
        peakMemory: 4096,
        source: 'rusage',
        memorySource: 'rusage',
        approximate: true,
      },
      effective: {},
      enforced: [],
      degraded: [],
    })
    expect(Object.isFrozen(result)).to.equal(true)
    expect(result.unwrap()).to.equal(result)
  })

  it('gives a failure as a result, and unwrap() throws it', async () => {
    const result = await engine.run(['warn'])
    expect([result.ok, result.exitCode, result.stderr]).to.deep.equal([false, 3, 'careful\n'])
    const error = await thrown(() => result.unwrap())
    expect(error.code).to.equal('ERR_COMMAND_FAILED')
    expect(error.message).to.equal('command failed: exit code 3: careful')
    expect(error).to.have.property('result', result)
  })

  it('gives bytes when asked for them', async () => {
    const result = await engine.run(['echo', 'a'], { encoding: 'buffer' })
    expect(Buffer.from(result.stdout)).to.deep.equal(Buffer.from('a\n'))
  })

  it('reports a command that is not there as 127, with the line of a shell and the error', async () => {
    const result = await engine.run(['nosuch'])
    expect([result.ok, result.reason, result.exitCode]).to.deep.equal([false, 'exit', 127])
    expect(result.stderr).to.equal('caisson: nosuch: not found in PATH\n')
    expect(result.error?.code).to.equal('ERR_COMMAND_NOT_FOUND')
  })

  it('reports a command that cannot be executed as 126', async () => {
    const result = await engine.run(['noexec'])
    expect(result.exitCode).to.equal(126)
    expect(result.stderr).to.equal('caisson: noexec: cannot be executed (EACCES)\n')
    expect(result.error?.code).to.equal('ERR_COMMAND_NOT_EXECUTABLE')
  })

  it('names the option that a failed start is about', async () => {
    const table = [
      ['ERR_CWD', 'cwd', '/nosuch'],
      ['ERR_USER_NOT_FOUND', 'user', 'joe'],
      ['ERR_USER_NOT_FOUND', 'groups[1]', 'wheel'],
      ['ERR_ARGV_TOO_LARGE', 'argv', 'fail'],
      ['ERR_LAUNCH', undefined, '/proc'],
    ] as const
    for (const [code, field, subject] of table) {
      const error = new CaissonError({ code, what: 'start', subject })
      const fail = (): void => world.processes.at(-1)?.fail(error)
      world.programs = { fail }
      const failed = await thrown(engine.run(['fail'], { user: 'joe', groups: ['a', 'wheel'] }))
      expect(failed).to.equal(error)
      expect(failed.field).to.equal(field)
    }
  })

  it('passes a complete command to the isolation driver, with nothing of the host in it', async () => {
    await engine.run(['true'], {
      env: { A: '1', PATH: '/x' },
      cwd: '/srv//./a/',
      user: 'joe:staff',
    })
    expect(world.commands[0]).to.deep.include({
      argv: ['true'],
      env: ['PATH=/x', 'A=1'],
      cwd: '/srv/a',
      user: 'joe:staff',
      groups: [],
      stdin: { kind: 'null' },
      stdout: 'capture',
      stderr: 'capture',
      maxOutputBytes: 16 * 1024 ** 2,
      reportStart: false,
    })
  })

  it('sets HOME by the user id, and leaves it to nobody else for a name', async () => {
    const homes: (string | undefined)[] = []
    for (const user of ['0', 1000, 'root', 'joe']) {
      await engine.run(['true'], { user })
      homes.push(world.commands.at(-1)?.env.find((entry) => entry.startsWith('HOME=')))
    }
    expect(homes).to.deep.equal(['HOME=/root', 'HOME=/', 'HOME=/root', undefined])
  })

  it('takes a variable away that is set to undefined', async () => {
    await engine.run(['true'], { env: { PATH: undefined, HOME: undefined } })
    expect(world.commands[0]?.env).to.deep.equal([])
  })

  it('names the container by its id, and uses another id each time', async () => {
    await engine.run(['true'])
    await engine.run(['true'])
    const [a, b] = world.requests
    expect(a?.id).to.match(/^[0-9a-f]{32}$/)
    expect(a?.spec.hostname).to.equal(a?.id.slice(0, 12))
    expect(b?.id).to.not.equal(a?.id)
    expect(b?.spec.key, 'keys do not depend on ids').to.equal(a?.spec.key)
  })

  it('picks the provider by the scheme', async () => {
    await engine.run(['true'], { from: 'third:/a:b' })
    expect(world.roots[0]).to.deep.include({ reference: '/a:b' })
    expect(world.requests[0]?.spec.from).to.equal('third:/a:b')
  })

  it('refuses an unknown scheme and lists those there are, before anything is touched', async () => {
    const error = await thrown(engine.run(['true'], { from: 'oci:alpine' }))
    expect([error.code, error.field]).to.deep.equal(['ERR_ROOTFS_SCHEME', 'from'])
    expect(error.message).to.include('fake:, other:, third:')
    expect(world.log).to.deep.equal([])
  })

  it('gives each limit to the first limiter that declares it, CPU time to all as a floor', async () => {
    const result = await engine.run(['true'], { limits: { pids: 5, cpuTime: '2s' } })
    expect(world.limits.map(({ limits, scope }) => [scope, limits])).to.deep.equal([
      ['one-shot', { cpuTime: 2000 }],
      ['one-shot', { cpuTime: 3500, pids: 5 }],
    ])
    expect(result.enforced).to.have.members(['cpuTime', 'pids'])
  })

  it('refuses a limit that no limiter has, names drivers and fix, and touches nothing', async () => {
    const options: object = { limits: { memory: '64MiB' } }
    const error = await thrown(engine.run(['true'], options))
    expect([error.code, error.field]).to.deep.equal(['ERR_UNSUPPORTED', 'limits.memory'])
    expect(error.driver).to.equal('first, second')
    expect(error.fix).to.include('memory')
    expect(world.log).to.deep.equal([])
  })

  it('takes the verdict of the limits, in the order of the limiters', async () => {
    world.reason = () => 'cpu-time'
    const result = await engine.run(['false'], { limits: { cpuTime: 1000 } })
    expect([result.reason, result.ok]).to.deep.equal(['cpu-time', false])
  })

  it('releases in reverse order, after the end', async () => {
    await engine.run(['true'], { limits: { cpuTime: 1000, pids: 3 } })
    expect(world.log).to.deep.equal([
      'lend',
      'acquire first',
      'acquire second',
      'run',
      'release second',
      'release first',
      'release root',
    ])
  })

  it('gives everything back when a later step fails, and rejects with that failure', async () => {
    world.before = (step): void => {
      if (step === 'acquire second') throw new Error('no more')
    }
    const run = engine.run(['true'], { limits: { cpuTime: 1000, pids: 3 } })
    let message = ''
    await run.catch((error: unknown) => {
      message = String(error)
    })
    expect(message).to.equal('Error: no more')
    expect(world.log.slice(-2)).to.deep.equal(['release first', 'release root'])
  })

  it('adds a failure of the undoing to the first error and never puts it in its place', async () => {
    const first = new Error('first')
    const second = new Error('second')
    world.before = (step): void => {
      if (step === 'acquire first') throw first
      if (step === 'release root') throw second
    }
    const error: unknown = await engine
      .run(['true'], { limits: { cpuTime: 1 } })
      .catch((e: unknown) => e)
    expect(error).to.equal(first)
    expect(error).to.have.property('suppressed').that.deep.equals([second])
  })

  it('warns of a release that fails after the end, and keeps the result', async () => {
    const failure = new Error('stuck')
    world.before = (step): void => {
      if (step === 'release root') throw failure
    }
    const warnings: unknown[] = []
    engine.events.on('warning', (error) => warnings.push(error))
    const result = await engine.run(['true'])
    expect(result.ok).to.equal(true)
    expect(warnings).to.deep.equal([failure])
  })

  it('tells the end of each command as an event', async () => {
    const codes: unknown[] = []
    const off = engine.events.on('exit', ({ exitCode }) => codes.push(exitCode))
    await engine.run(['false'])
    off()
    await engine.run(['true'])
    expect(codes).to.deep.equal([1])
  })

  it('rejects when it is disposed, and kills what runs', async () => {
    const hanging = engine.run(['hang'])
    const idle = engine.run(['hang'])
    await hanging.pid
    await engine[Symbol.asyncDispose]()
    expect((await hanging).reason).to.equal('killed')
    expect((await idle).reason).to.equal('killed')
    expect((await thrown(engine.run(['true']))).code).to.equal('ERR_DISPOSED')
    expect((await thrown(engine.create())).code).to.equal('ERR_DISPOSED')
  })

  it('runs many at once, each with its own output', async () => {
    const runs = Array.from({ length: 200 }, (_, i) => engine.run(['echo', String(i)]))
    const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout)
    expect(outputs).to.deep.equal(runs.map((_, i) => `${i}\n`))
  })

  it('explains what it would do, and runs nothing', async () => {
    const text = await engine.explain(['make', 'a b'], { env: { SECRET: 'swordfish' } })
    expect(text).to.include('pivot (pivot_root)').and.include('make "a b"').and.include('SECRET')
    expect(text).to.not.include('swordfish')
    expect(world.log).to.deep.equal(['lend', 'release root'])
  })

  it('says what was plugged in', () => {
    expect([...engine.supports.limits]).to.deep.equal(['cpuTime', 'pids'])
    expect([...engine.supports.features]).to.deep.equal(['copyOnWrite'])
    expect([...engine.supports.schemes]).to.deep.equal(['fake', 'other', 'third'])
  })

  it('examines host and drivers', async () => {
    const report = await engine.doctor()
    expect(report.ok).to.equal(true)
    expect(report.host.uid).to.equal(process.getuid?.())
    expect(report.drivers.map(({ driver, kind, ok }) => [driver, kind, ok])).to.deep.equal([
      ['fake', 'rootfs', true],
      ['other', 'rootfs', true],
      ['fake-isolation', 'isolation', true],
      ['first', 'limiter', true],
      ['second', 'limiter', true],
    ])
  })

  it('finds a host good enough where one provider of roots works, and no other driver fails', async () => {
    const bad: Probe = {
      ok: false,
      missing: [{ what: 'a tool', fix: 'get it' }],
      degraded: [],
      facts: {},
    }
    const probe = async (): Promise<Probe> => bad
    const lame = { ...world.rootfs('lame', ['lame']), probe }
    const isolation = world.isolation()
    expect(await okWith({ rootfs: [world.rootfs(), lame], isolation })).to.equal(true)
    expect(await okWith({ rootfs: [lame], isolation })).to.equal(false)
    const limiters = [{ ...world.limiter('third', ['pids']), probe }]
    expect(await okWith({ rootfs: [world.rootfs()], isolation, limiters })).to.equal(false)
  })
})

describe('engine.create', () => {
  it('undoes everything when the container cannot be made', async () => {
    const world = new FakeWorld()
    const engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [world.limiter('one', ['pids'])],
    })
    world.before = (step): void => {
      if (step === 'create') throw new Error('no')
    }
    const error: unknown = await engine.create({ limits: { pids: 3 } }).catch((e: unknown) => e)
    expect(String(error)).to.equal('Error: no')
    expect(world.held).to.equal(0)
    await engine[Symbol.asyncDispose]()
  })

  it('is given up by its signal at any step, and leaves nothing', async () => {
    for (const at of ['lend', 'acquire one', 'create']) {
      const world = new FakeWorld()
      const engine = await createEngine({
        rootfs: world.rootfs(),
        isolation: world.isolation(),
        limiters: [world.limiter('one', ['pids'])],
      })
      const controller = new AbortController()
      world.before = (step): void => {
        if (step === at) controller.abort(new Error('enough'))
      }
      const error = await thrown(engine.create({ limits: { pids: 3 }, signal: controller.signal }))
      expect([error.code, world.held], at).to.deep.equal(['ERR_ABORTED', 0])
      expect(String(error.cause)).to.equal('Error: enough')
      await engine[Symbol.asyncDispose]()
    }
  })

  it('does not outlive an engine that is disposed meanwhile', async () => {
    const world = new FakeWorld()
    const engine = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
    const lending = deferred()
    const reached = deferred()
    world.before = async (step): Promise<void> => {
      if (step !== 'lend') return
      reached.resolve()
      await lending.promise
    }
    const created = thrown(engine.create())
    await reached.promise
    const disposed = engine[Symbol.asyncDispose]()
    lending.resolve()
    await disposed
    expect((await created).code).to.equal('ERR_ABORTED')
    expect(world.held).to.equal(0)
  })

  it('tells each container as an event, and the engine removes it at its end', async () => {
    const world = new FakeWorld()
    const engine = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
    const made: Container[] = []
    engine.events.on('container', (container) => made.push(container))
    const container = await engine.create({ name: 'one', labels: { a: 'b' } })
    expect(made).to.deep.equal([container])
    expect([container.name, container.labels, container.pid]).to.deep.equal([
      'one',
      { a: 'b' },
      4242,
    ])
    await engine[Symbol.asyncDispose]()
    expect([container.state, world.held]).to.deep.equal(['removed', 0])
  })
})
