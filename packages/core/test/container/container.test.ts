import { setImmediate as tick } from 'node:timers/promises'
import { expect } from 'chai'
import { createEngine, type Change, type Engine } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { deferred } from '../support/fake-process.js'
import { call } from '../support/call.js'
import { thrown } from '../support/thrown.js'

async function refused(action: () => unknown, ...words: string[]): Promise<void> {
  const error = await thrown(action)
  expect(error.code).to.equal('ERR_CONTAINER_STATE')
  for (const word of words) expect(error.message).to.include(word)
}

describe('Container', () => {
  let world: FakeWorld
  let engine: Engine<'cpuTime' | 'pids', 'freeze' | 'copyOnWrite'>

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [world.limiter('one', ['cpuTime']), world.freezer()],
    })
  })

  afterEach(async () => {
    await engine[Symbol.asyncDispose]()
    expect(world.held, 'leases held').to.equal(0)
  })

  it('runs commands with its own defaults and those of the command', async () => {
    const container = await engine.create({ env: { A: '1', B: '2' }, cwd: '/a', user: 'joe' })
    await container.exec('true', ['x'], { env: { B: undefined, C: '3' }, cwd: '/b' })
    const command = world.commands[0]
    expect(command?.argv).to.deep.equal(['true', 'x'])
    expect(command?.env.filter((entry) => !entry.startsWith('PATH='))).to.deep.equal(['A=1', 'C=3'])
    expect(command).to.include({ cwd: '/b', user: 'joe' })
  })

  it('runs scripts and templates', async () => {
    const container = await engine.create()
    expect((await container.sh('a | b')).stdout).to.equal('a | b')
    const nasty = '$(reboot) ; x'
    expect((await container.$`echo ${nasty} ${['1', 2]} "a b"`).stdout).to.equal(
      '$(reboot) ; x 1 2 a b\n',
    )
    expect(world.commands.at(-1)?.argv).to.deep.equal(['echo', nasty, '1', '2', 'a b'])
  })

  it('goes through its states and tells them', async () => {
    const events: string[] = []
    const container = await engine.create({ limits: { pids: 5 } })
    container.on('start', () => events.push('start'))
    container.on('exec', () => events.push('exec'))
    container.on('exit', ({ exitCode }) => events.push(`exit ${exitCode}`))
    container.on('removed', () => events.push('removed'))
    const states: string[] = [container.state]
    await container.exec('true')
    await container.exec('false')
    states.push(container.state)
    await container.pause()
    states.push(container.state)
    await container.resume()
    states.push(container.state)
    await container.stop()
    states.push(container.state)
    await container.remove()
    states.push(container.state)
    expect(states).to.deep.equal(['created', 'running', 'paused', 'running', 'stopped', 'removed'])
    expect(events).to.deep.equal(['exec', 'start', 'exit 0', 'exec', 'exit 1', 'removed'])
  })

  it('lets a listener take the streams of a command live', async () => {
    const container = await engine.create()
    const chunks: string[] = []
    container.on('exec', (exec) => exec.stdout.on('data', (chunk) => chunks.push(String(chunk))))
    await container.exec('echo', ['hi'])
    expect(chunks).to.deep.equal(['hi\n'])
    expect(world.commands[0]?.stdout).to.equal('stream')
  })

  it('refuses what its state does not allow, naming both states', async () => {
    const container = await engine.create({ limits: { pids: 5 } })
    await refused(() => container.pause(), 'created', 'paused')
    await refused(() => container.resume(), 'created', 'running')
    await container.exec('true')
    await refused(() => container.resume(), 'running')
    await container.pause()
    await refused(() => container.pause(), 'paused')
    await refused(() => container.exec('true'), 'paused', 'run a command')
    await container.stop()
    await refused(() => container.exec('true'), 'stopped')
    await refused(() => container.pause(), 'stopped')
    await container.remove()
    await refused(() => container.exec('true'), 'removed')
    await refused(() => container.changes(), 'removed')
  })

  it('does not count the refused command as its first', async () => {
    const container = await engine.create()
    await thrown(container.exec('true', [], { cwd: 'relative' }))
    expect(container.state).to.equal('created')
  })

  it('cannot be paused where no limiter of it can freeze, and says what to do', async () => {
    const container = await engine.create()
    await container.exec('true')
    const error = await thrown(container.pause())
    expect(error.code).to.equal('ERR_UNSUPPORTED')
    expect(container.state).to.equal('running')
  })

  it('pauses once when two ask at the same time', async () => {
    const container = await engine.create({ limits: { pids: 5 } })
    await container.exec('true')
    const [first, second] = await Promise.allSettled([container.pause(), container.pause()])
    expect([first.status, second.status]).to.deep.equal(['fulfilled', 'rejected'])
    expect(world.log.filter((step) => step === 'freeze')).to.have.length(1)
  })

  it('kills its commands when it is stopped, and thaws them to die', async () => {
    const container = await engine.create({ limits: { pids: 5 } })
    const exec = container.exec('hang')
    await exec.pid
    await container.pause()
    await container.stop()
    expect((await exec).reason).to.equal('killed')
    expect(world.log).to.include('thaw')
    expect(container.state).to.equal('stopped')
  })

  it('refuses commands as soon as it is being stopped', async () => {
    const container = await engine.create()
    const stopped = container.stop()
    expect((await thrown(container.exec('true'))).code).to.equal('ERR_CONTAINER_STATE')
    await stopped
    expect(world.commands).to.have.length(0)
  })

  it('stops and is removed once, however many ask, in any order', async () => {
    const container = await engine.create()
    await container.exec('true')
    await Promise.all([
      container.remove(),
      container.stop(),
      container.remove(),
      container.stop(),
      container[Symbol.asyncDispose](),
    ])
    await container.stop()
    await container.remove()
    const steps = world.log.filter((step) => step === 'stop' || step === 'remove')
    expect(steps).to.deep.equal(['stop', 'remove'])
    expect(container.state).to.equal('removed')
  })

  it('can be stopped again after a stop that failed', async () => {
    const container = await engine.create()
    let fail = true
    world.before = (step): void => {
      if (step === 'stop' && fail) throw new Error('busy')
    }
    const error: unknown = await container.stop().catch((e: unknown) => e)
    expect(String(error)).to.equal('Error: busy')
    expect(container.state).to.equal('created')
    fail = false
    await container.stop()
    expect(container.state).to.equal('stopped')
  })

  it('lists what it changed, also after its stop', async () => {
    const container = await engine.create()
    await container.stop()
    const changes: Change[] = []
    for await (const change of container.changes()) changes.push(change)
    expect(changes).to.deep.equal([{ path: '/new', kind: 'added', type: 'file', size: 3 }])
  })

  it('says that it is gone when it ended by itself', async () => {
    const made: { vanish(): void }[] = []
    const make = world.container.bind(world)
    world.container = () => {
      const isolated = make()
      made.push(isolated)
      return isolated
    }
    const container = await engine.create()
    made[0]?.vanish()
    await tick()
    expect(container.state).to.equal('stopped')
    expect((await thrown(container.exec('true'))).code).to.equal('ERR_CONTAINER_GONE')
    await container.remove()
  })

  it('holds its limits for every command, and a command its own', async () => {
    const container = await engine.create({ limits: { pids: 5 } })
    const result = await container.exec('true', [], { limits: { cpuTime: '1s' } })
    expect(
      world.limits.map(({ scope, limits, id }) => [scope, limits, id === container.id]),
    ).to.deep.equal([
      ['container', { pids: 5 }, true],
      ['command', { cpuTime: 1000 }, true],
    ])
    expect(result.enforced).to.deep.equal(['cpuTime', 'pids'])
    expect(world.held, 'root, container, pids').to.equal(3)
    expect(world.requests[0]?.amendments).to.have.length(1)
    expect(world.commands[0]?.amendments).to.have.length(1)
  })

  it('has its timeout for every command that names none', async () => {
    const container = await engine.create({ timeout: 10 })
    expect((await container.exec('hang')).reason).to.equal('wall-time')
  })

  it('is stopped by its signal, and its commands end as aborted', async () => {
    const controller = new AbortController()
    const container = await engine.create({ signal: controller.signal })
    const exec = container.exec('hang')
    await exec.pid
    controller.abort()
    expect((await exec).reason).to.equal('aborted')
    await container.stop()
    expect(container.state).to.equal('stopped')
  })

  it('gives limits back when the command is aborted while they are taken', async () => {
    const container = await engine.create()
    const controller = new AbortController()
    world.before = (step): void => {
      if (step.startsWith('acquire')) controller.abort()
    }
    const options = { limits: { cpuTime: 5 }, signal: controller.signal }
    expect((await thrown(container.exec('true', [], options))).code).to.equal('ERR_ABORTED')
    expect(world.held, 'root and container').to.equal(2)
  })

  it('does not start a command whose container is stopped while limits are taken', async () => {
    const container = await engine.create()
    const acquiring = deferred()
    const reached = deferred()
    world.before = async (step): Promise<void> => {
      if (step !== 'acquire one') return
      reached.resolve()
      await acquiring.promise
    }
    const exec = thrown(container.exec('true', [], { limits: { cpuTime: 5 } }))
    await reached.promise
    const stopped = container.stop()
    acquiring.resolve()
    await stopped
    expect((await exec).code).to.equal('ERR_ABORTED')
    expect(world.commands).to.have.length(0)
  })

  it('runs a hundred commands at once', async () => {
    const container = await engine.create()
    const execs = Array.from({ length: 100 }, (_, i) => container.exec('echo', [String(i)]))
    const outputs = await Promise.all(execs)
    expect(outputs.map(({ stdout }) => stdout)).to.deep.equal(execs.map((_, i) => `${i}\n`))
  })

  it('refuses bad arguments of a command by the field', async () => {
    const container = await engine.create()
    const bad: readonly (readonly [string, readonly unknown[]])[] = [
      ['argv[0]', [7]],
      ['argv[0]', ['']],
      ['argv[2]', ['a', ['b', 'c\0d']]],
      ['argv', ['a', 'b']],
      ['hostname', ['a', [], { hostname: 'x' }]],
      ['stdin', ['a', [], { stdin: 7 }]],
    ]
    for (const [field, args] of bad) {
      const error = await thrown(call(container, 'exec', args))
      expect(error.field, JSON.stringify(args)).to.equal(field)
    }
    expect(world.commands).to.have.length(0)
  })

  it('does not let a listener that throws disturb it', async () => {
    const container = await engine.create()
    const failure = new Error('listener')
    const uncaught = deferred<unknown>()
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => uncaught.resolve(error))
    container.on('start', () => {
      throw failure
    })
    const result = await container.exec('true')
    expect(await uncaught.promise).to.equal(failure)
    for (const other of others) process.on('uncaughtException', other)
    expect(result.ok).to.equal(true)
  })
})
