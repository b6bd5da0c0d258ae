import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { createEngine, type ContainerNotice, type ContainerStats } from '@caisson/core'
import { CountingLimiter, limitRefused } from '../support/counting-limiter.js'
import { FakeWorld } from '../support/fake-drivers.js'
import { thrown } from '../support/thrown.js'

describe('limits of an engine', () => {
  let world: FakeWorld
  let count: CountingLimiter

  beforeEach(() => {
    world = new FakeWorld()
    count = new CountingLimiter()
  })

  const engineWith = (options: object = {}) =>
    createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [
        count.driver('counting', ['memory', 'pids', 'cpuTime', 'io']),
        world.limiter('rough', ['pids', 'openFiles', 'cpuTime']),
      ],
      defaults: { from: 'fake:x' },
      ...options,
    })

  describe('that this host has not', () => {
    const gone = { level: 'unsupported', why: 'it is not delegated', fix: 'delegate it' } as const

    it('are refused by the exact field, before anything is touched', async () => {
      count.supports = { memory: { level: 'enforced' }, 'memory.high': gone, 'io.devices': gone }
      const engine = await engineWith()
      const high = { memory: { max: '64MiB', high: '32MiB' } } as const
      for (const [limits, field] of [
        [high, 'limits.memory.high'],
        [{ io: { devices: [{ device: '8:0', readIops: 5 }] } }, 'limits.io.devices.readIops'],
      ] as const) {
        const error = await thrown(engine.run(['true'], { limits }))
        expect(error).to.include({ code: 'ERR_UNSUPPORTED', field, fix: 'delegate it' })
        expect(error.message).to.include('it is not delegated')
        expect(error.driver).to.equal('counting')
      }
      expect([world.log, count.requests]).to.deep.equal([[], []])
      expect((await engine.run(['true'], { limits: { memory: '64MiB' } })).ok).to.equal(true)
    })

    it('are enforced by another limiter that can', async () => {
      count.supports = { pids: gone }
      const engine = await engineWith({ account: 'limited' })
      await engine.run(['true'], { limits: { pids: 5 } })
      expect(count.requests).to.deep.equal([])
      expect(world.limits[0]?.limits).to.deep.equal({ pids: 5 })
    })

    it('are refused whole where their limiter does not work at all', async () => {
      count.works = false
      const engine = await engineWith()
      const error = await thrown(engine.run(['true'], { limits: { memory: '64MiB' } }))
      expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.memory.max' })
      expect([error.message, error.fix].join()).to.match(/a tree.*plant one/s)
    })

    it('are left out and told where that is allowed, the rest of them kept', async () => {
      count.supports = { 'memory.high': gone, pids: { level: 'best-effort', note: 'late' } }
      const engine = await createEngine({
        rootfs: world.rootfs(),
        isolation: world.isolation(),
        limiters: [count.driver('counting', ['memory', 'pids'])],
        defaults: { from: 'fake:x' },
        onUnsupported: 'warn',
      })
      const warnings: unknown[] = []
      engine.events.on('warning', (error) => warnings.push(error))
      const limits = { memory: { max: '64MiB', high: '32MiB' }, pids: 5 } as const
      const result = await engine.run(['true'], { limits })
      expect(count.requests[0]?.limits).to.deep.equal({ memory: { max: 64 * 2 ** 20 }, pids: 5 })
      expect(result.degraded).to.deep.equal([
        'limits.memory.high is not enforced: it is not delegated',
        'limits.pids is enforced as far as possible only: late',
      ])
      expect(warnings).to.have.length(2)
    })

    it('are an error where they are only best-effort', async () => {
      count.supports = { pids: { level: 'best-effort' } }
      const engine = await createEngine({
        rootfs: world.rootfs(),
        isolation: world.isolation(),
        limiters: [count.driver('counting', ['pids'])],
        defaults: { from: 'fake:x' },
      })
      const error = await thrown(engine.run(['true'], { limits: { pids: 5 } }))
      expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.pids' })
      expect(error.fix).to.include("onUnsupported: 'warn'")
    })

    it('show in doctor() with who enforces what', async () => {
      count.supports = { 'memory.high': gone, pids: gone }
      const { limits } = await (await engineWith()).doctor()
      expect(limits['memory']).to.deep.equal({ level: 'enforced', driver: 'counting' })
      expect(limits['memory.high']).to.deep.equal({ ...gone, driver: 'counting' })
      expect(limits['pids']).to.deep.equal({ level: 'enforced', driver: 'rough' })
      expect(limits['misc']).to.include({ level: 'unsupported' })
      expect(limits['misc']).to.not.have.property('driver')
    })
  })

  describe('that count', () => {
    it('are in the result, with their source, of a one-shot by one lease', async () => {
      const engine = await engineWith()
      const { usage } = await engine.run(['true'])
      expect(usage).to.deep.equal({
        wallMs: 5,
        cpuMs: 40,
        userMs: 30,
        systemMs: 10,
        peakMemory: 5000,
        source: 'fake',
        memorySource: 'fake',
        approximate: false,
      })
      expect(count.requests.map(({ scope, limits }) => [scope, limits])).to.deep.equal([
        ['one-shot', {}],
      ])
      expect(count.held).to.equal(0)
    })

    it('are completed by rusage, and say so', async () => {
      count.account = { source: 'fake', cpuMs: 40 }
      const { usage } = await (await engineWith()).run(['true'])
      expect(usage).to.include({ source: 'fake', memorySource: 'rusage', approximate: true })
      expect(usage.peakMemory).to.equal(4096)
    })

    it('count each command of a container, within what is held for the container', async () => {
      const engine = await engineWith()
      const container = await engine.create({ limits: { memory: '64MiB' } })
      await Promise.all([container.exec('true'), container.exec('true')])
      const [outer, ...commands] = count.requests
      expect(outer?.scope).to.equal('container')
      expect(commands.map(({ scope, command }) => [scope, command])).to.deep.equal([
        ['command', '1'],
        ['command', '2'],
      ])
      for (const { id, container: held } of commands) {
        expect(id).to.equal(container.id)
        expect(held?.effective).to.deep.equal({ memory: { max: 64 * 2 ** 20 } })
      }
      await container.remove()
      expect(count.held).to.equal(0)
    })

    it('are asked only where they enforce something, if that is wanted', async () => {
      const engine = await engineWith({ account: 'limited' })
      expect((await engine.run(['true'])).usage.source).to.equal('rusage')
      expect((await engine.run(['true'], { limits: { memory: '1MiB' } })).usage.source).to.equal(
        'fake',
      )
      const free = await engine.create()
      expect((await free.exec('true')).usage.source).to.equal('rusage')
      const bound = await engine.create({ limits: { memory: '1MiB' } })
      expect((await bound.exec('true')).usage.source).to.equal('fake')
    })

    for (const [title, account, program, reason] of [
      ['oom: SIGKILL, and a kill counted', { oomKills: 1 }, 'killed', 'oom'],
      ['signal: SIGKILL, and none counted', { oomKills: 0 }, 'killed', 'signal'],
      ['exit: a child was killed, the command went on', { oomKills: 1 }, 'false', 'exit'],
      ['pids: a fork refused, and a failure', { pidsRefused: 3 }, 'false', 'pids'],
      ['exit: a fork refused, and none the worse', { pidsRefused: 3 }, 'true', 'exit'],
    ] as const) {
      it(`make the reason ${title}`, async () => {
        count.account = { source: 'fake', cpuMs: 1, oomScope: 'ancestor', ...account }
        world.programs = {
          ...world.programs,
          killed: () => world.processes.at(-1)?.end(null, 'SIGKILL'),
        }
        const result = await (await engineWith()).run([program])
        expect(result.reason).to.equal(reason)
        expect(result.oomKills).to.equal('oomKills' in account ? account.oomKills : undefined)
        expect(result.oomScope).to.equal('ancestor')
      })
    }

    it('are not the reason of what we killed', async () => {
      count.account = { source: 'fake', oomKills: 1 }
      const result = await (await engineWith()).run(['hang'], { timeout: 20 })
      expect([result.reason, result.oomKills]).to.deep.equal(['wall-time', 1])
    })

    it('end a command whose CPU time is used up', async () => {
      const engine = await engineWith()
      const run = engine.run(['hang'], { limits: { cpuTime: 500 } })
      await run.pid
      count.usedMs = 499
      await pause(30)
      count.usedMs = 500
      const result = await run
      expect([result.reason, result.signal]).to.deep.equal(['cpu-time', 'SIGKILL'])
      expect(result.effective.cpuTime).to.equal(500)
    })

    it('end all commands of a container whose CPU time is used up', async () => {
      const engine = await engineWith()
      const container = await engine.create({ limits: { cpuTime: 500 } })
      const runs = [container.exec('hang'), container.exec('hang')]
      await Promise.all(runs.map((run) => run.pid))
      count.usedMs = 501
      for (const run of runs) expect((await run).reason).to.equal('cpu-time')
      await container.stop()
      expect((await thrown(container.exec('true'))).code).to.equal('ERR_CONTAINER_STATE')
    })
  })

  describe('that change', () => {
    it('keep what was not named, and say what the kernel has', async () => {
      const engine = await engineWith()
      const container = await engine.create({ limits: { memory: '64MiB' } })
      const updated = await container.update({ pids: 7 })
      expect(updated).to.deep.equal({
        effective: { memory: { max: 64 * 2 ** 20 }, pids: 7 },
        notes: ['container changed'],
      })
      const result = await container.exec('true')
      expect(result.enforced).to.have.members(['memory', 'pids'])
      expect(result.effective).to.include({ pids: 7 })
    })

    it('are refused by field, policy and state, and nothing is changed', async () => {
      const engine = await engineWith()
      const container = await engine.create()
      for (const [limits, options, code, field] of [
        [{ memory: 5 }, undefined, 'ERR_LIMIT_RANGE', 'limits.memory'],
        [{ memroy: 5 }, undefined, 'ERR_INVALID_SPEC', 'limits.memroy'],
        [{ openFiles: 9 }, undefined, 'ERR_UNSUPPORTED', 'limits.openFiles'],
        [{ pids: 9 }, { belowUsage: 'hope' }, 'ERR_INVALID_SPEC', 'options.belowUsage'],
        [{ pids: 9 }, { kill: true }, 'ERR_INVALID_SPEC', 'options.kill'],
      ] as const) {
        const update: (limits: object, options?: object) => Promise<unknown> = (a, b) =>
          container.update(a, b)
        const error = await thrown(update(limits, options))
        expect(error).to.include({ code, field })
      }
      await container.stop()
      expect((await thrown(container.update({ pids: 9 }))).code).to.equal('ERR_CONTAINER_STATE')
      expect(count.updates).to.deep.equal([])
    })

    it('are changed back when a later limiter refuses', async () => {
      const second = new CountingLimiter()
      second.beforeUpdate = () => {
        throw limitRefused()
      }
      const engine = await createEngine({
        rootfs: world.rootfs(),
        isolation: world.isolation(),
        limiters: [count.driver('one', ['pids', 'cpu']), second.driver('two', ['memory'])],
        defaults: { from: 'fake:x' },
      })
      const container = await engine.create({ limits: { pids: 5 } })
      const error = await thrown(container.update({ pids: 9, cpu: 2, memory: '64MiB' }))
      expect(error.code).to.equal('ERR_LIMIT_BELOW_USAGE')
      expect(count.updates).to.have.length(2)
      expect(count.updates[1]).to.deep.equal({
        pids: 5,
        cpu: { quotaUs: 'max', periodUs: 100_000, weight: 100 },
      })
    })

    it('come one after another', async () => {
      const engine = await engineWith()
      const container = await engine.create()
      await Promise.all([5, 6, 7].map((pids) => container.update({ pids })))
      expect(count.updates).to.deep.equal([{ pids: 5 }, { pids: 6 }, { pids: 7 }])
    })
  })

  describe('that tell', () => {
    it('give statistics once', async () => {
      const container = await (await engineWith()).create()
      expect(await container.stats()).to.include({ source: 'fake', timeMs: 1 })
    })

    it('give them again and again, at once first, until the container is stopped', async () => {
      const container = await (await engineWith()).create()
      const seen: ContainerStats[] = []
      for await (const stats of container.statsStream({ interval: 10 })) {
        seen.push(stats)
        if (seen.length === 3) void container.stop()
      }
      expect(seen.length).to.be.within(3, 5)
      expect((await thrown(container.stats())).code).to.equal('ERR_CONTAINER_STATE')
    })

    it('give a slow reader fewer, and never old ones', async () => {
      const container = await (await engineWith()).create()
      const seen: number[] = []
      for await (const { timeMs } of container.statsStream({ interval: 10 })) {
        seen.push(timeMs)
        if (seen.length === 3) break
        await pause(100)
      }
      expect(seen).to.deep.equal([1, 2, 3])
    })

    it('end with their signal, and refuse bad intervals', async () => {
      const container = await (await engineWith()).create()
      const controller = new AbortController()
      for await (const _ of container.statsStream({ signal: controller.signal })) controller.abort()
      expect(count.samples).to.equal(1)
      for (const interval of [0, 9, Infinity]) {
        const error = await thrown(() => container.statsStream({ interval }))
        expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'options.interval' })
      }
    })

    it('miss no kill: what is counted late is told before the container is gone', async () => {
      const container = await (await engineWith()).create()
      const notices: ContainerNotice[] = []
      const events: string[] = []
      container.on('oom', (notice) => {
        notices.push(notice)
        events.push('oom')
      })
      container.on('removed', () => events.push('removed'))
      count.tell({ kind: 'oom', what: 'memory 64 MiB' })
      await container.remove()
      expect(notices.map(({ what }) => what)).to.deep.equal(['memory 64 MiB', 'counted late'])
      expect(events).to.deep.equal(['oom', 'oom', 'removed'])
    })
  })
})
