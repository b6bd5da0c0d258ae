import { expect } from 'chai'
import { createEngine, type Driver, type Engine, type Feature } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { thrown } from '../support/thrown.js'

const tty = { cols: 80, rows: 24 }

function withFeatures(world: FakeWorld, features: readonly Feature[]): Driver<'isolation', never> {
  return Object.freeze({ ...world.isolation(), features, limits: [] })
}

describe('terminals of commands', () => {
  let world: FakeWorld
  let engine: Engine

  const open = (features: readonly Feature[]) =>
    createEngine({ rootfs: world.rootfs(), isolation: withFeatures(world, features) })

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await open(['pty'])
  })
  afterEach(() => engine[Symbol.asyncDispose]())

  it('are refused where no driver has the feature, before anything is touched', async () => {
    await using poor = await open([])
    const run = await thrown(() => poor.run(['true'], { tty }))
    expect(run).to.include({ code: 'ERR_UNSUPPORTED', field: 'tty' })
    const init = await thrown(() => poor.run(['true'], { init: 'command' }))
    expect(init).to.include({ code: 'ERR_UNSUPPORTED', field: 'init' })
    expect(world.log).to.deep.equal([])
    const container = await poor.create()
    const exec = await thrown(() => container.exec('true', [], { tty }))
    expect(exec).to.include({ code: 'ERR_UNSUPPORTED', field: 'tty' })
    expect(world.commands).to.deep.equal([])
  })

  it('have a size that a terminal can have', async () => {
    const bad = [null, 'yes', true, {}, { cols: 80 }, { ...tty, rows: 0 }, { ...tty, cols: 65_536 }]
    for (const value of [
      ...bad,
      { cols: 1.5, rows: 1 },
      { ...tty, depth: 8 },
      { cols: '80', rows: 1 },
    ]) {
      const error = await thrown(() => engine.run(['true'], { tty: value as typeof tty }))
      expect(error, JSON.stringify(value)).to.include({ code: 'ERR_INVALID_SPEC' })
      expect(error).to.have.property('field').that.matches(/^tty/)
    }
  })

  it('come with a pipe to type into, one output, and TERM', async () => {
    const exec = engine.run(['cat'], { tty })
    exec.stdin.end('typed')
    expect((await exec).stdout).to.equal('typed')
    const [command] = world.commands
    expect(command).to.deep.include({ tty, stdin: { kind: 'stream' }, stderr: 'null' })
    expect(command?.env).to.include('TERM=xterm-256color')
    await engine.run(['true'], { tty, stdin: 'ignore', env: { TERM: 'dumb' } })
    expect(world.commands[1]?.stdin).to.deep.equal({ kind: 'null' })
    expect(world.commands[1]?.env.filter((entry) => entry.startsWith('TERM='))).to.deep.equal([
      'TERM=dumb',
    ])
    await engine.run(['true'])
    expect(world.commands[2]).not.to.have.property('tty')
    expect(world.commands[2]?.env.join()).not.to.include('TERM=')
  })

  it('end their stderr, which has nothing, with the command', async () => {
    const exec = engine.run(['echo', 'x'], { tty })
    const { stderr } = exec
    const chunks: unknown[] = []
    for await (const chunk of stderr) chunks.push(chunk)
    expect(chunks).to.deep.equal([])
    expect((await exec).stdout).to.equal('x\n')
  })

  it('are resized: before the start, while the command runs, and not after its end', async () => {
    const exec = engine.run(['hang'], { tty })
    exec.resize({ cols: 1, rows: 2 })
    await exec.pid
    expect(world.commands[0]?.tty).to.deep.equal({ cols: 1, rows: 2 })
    exec.resize({ cols: 3, rows: 4 })
    await exec.kill()
    exec.resize({ cols: 5, rows: 6 })
    expect(world.processes[0]?.sizes).to.deep.equal([{ cols: 3, rows: 4 }])
  })

  it('cannot be resized where there is none, nor to no size', async () => {
    const exec = engine.run(['true'])
    expect(() => exec.resize(tty))
      .to.throw(TypeError)
      .with.property('code', 'ERR_INVALID_SPEC')
    const other = engine.run(['true'], { tty })
    expect(() => other.resize({ cols: 0, rows: 1 })).to.throw(RangeError)
    await Promise.all([exec, other])
  })
})

describe('the grace of a command', () => {
  let world: FakeWorld
  let engine: Engine

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
    const { programs } = world
    world.programs = {
      ...programs,
      polite: (p) => {
        p.onSignal = () => {
          setImmediate(() => p.exit(0))
          return true
        }
      },
      deaf: (p) => {
        p.onSignal = () => true
      },
    }
  })
  afterEach(() => engine[Symbol.asyncDispose]())

  it('is none by default', async () => {
    expect((await engine.run(['deaf'], { timeout: 5 })).reason).to.equal('wall-time')
    expect(world.processes[0]?.signals).to.deep.equal(['SIGKILL'])
  })

  it('lets it end by SIGTERM, for the same reason', async () => {
    const options = { timeout: 5, killGrace: '1h' } as const
    const { reason, exitCode, ok } = await engine.run(['polite'], options)
    expect([reason, exitCode, ok]).to.deep.equal(['wall-time', 0, false])
    expect(world.processes[0]?.signals).to.deep.equal(['SIGTERM'])
    expect(world.processes[0]?.finals).to.deep.equal(['SIGTERM'])
  })

  it('ends by SIGKILL, for the same reason, and for the first of two', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const exec = engine.run(['deaf'], { timeout: 5, killGrace: 30, signal })
    setTimeout(() => controller.abort(), 15)
    expect((await exec).reason).to.equal('wall-time')
    expect(world.processes[0]?.signals.at(0)).to.equal('SIGTERM')
    expect(world.processes[0]?.signals.at(-1)).to.equal('SIGKILL')
  })

  it('is given to the commands of a container that is stopped, and hurried by a second stop', async () => {
    const container = await engine.create()
    const polite = container.exec('polite')
    await polite.pid
    await container.stop({ grace: '1h' })
    expect((await polite).reason).to.equal('killed')
    const second = await engine.create()
    const deaf = second.exec('deaf')
    await deaf.pid
    await Promise.all([second.stop({ grace: '1h' }), second.stop()])
    expect((await deaf).reason).to.equal('killed')
    const refused = await thrown(() => second.exec('true'))
    expect(refused).to.include({ code: 'ERR_CONTAINER_STATE' })
  })
})
