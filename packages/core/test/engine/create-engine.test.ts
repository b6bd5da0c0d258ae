import { expect } from 'chai'
import { createEngine, defineDriver, type Engine } from '@caisson/core'
import { Scope, token } from '@caisson/core/di'
import { FakeWorld } from '../support/fake-drivers.js'
import { thrown } from '../support/thrown.js'

describe('createEngine', () => {
  const world = new FakeWorld()

  it('refuses drivers at the wrong place and things that are none', async () => {
    const bad: readonly (readonly [string, object])[] = [
      ['rootfs[0]', { rootfs: world.isolation(), isolation: world.isolation() }],
      ['rootfs[0]', { rootfs: 'dir', isolation: world.isolation() }],
      ['isolation', { rootfs: world.rootfs(), isolation: world.rootfs() }],
      ['isolation', { rootfs: world.rootfs() }],
      [
        'limiters[1]',
        {
          rootfs: world.rootfs(),
          isolation: world.isolation(),
          limiters: [world.limiter('a', ['cpu']), {}],
        },
      ],
      ['rootfs', { rootfs: [], isolation: world.isolation() }],
    ]
    for (const [field, options] of bad) {
      const error = await thrown(() => Reflect.apply(createEngine, undefined, [options]))
      expect(error.code, field).to.equal('ERR_DRIVER')
      expect(error.field).to.equal(field)
    }
  })

  it('refuses two rootfs drivers for one scheme', async () => {
    const rootfs = [world.rootfs('one'), world.rootfs('two')]
    const error = await thrown(createEngine({ rootfs, isolation: world.isolation() }))
    expect(error.code).to.equal('ERR_DRIVER')
    expect(error.driver).to.equal('two')
  })

  it('refuses unknown options and bad defaults, and names them', async () => {
    const good = { rootfs: world.rootfs(), isolation: world.isolation() }
    const bad: readonly (readonly [string, string, object])[] = [
      ['limits', 'ERR_INVALID_SPEC', { limits: {} }],
      ['onUnsupported', 'ERR_INVALID_SPEC', { onUnsupported: 'ignore' }],
      ['defaults.form', 'ERR_INVALID_SPEC', { defaults: { form: 'x' } }],
      ['defaults.limits.cpu', 'ERR_LIMIT_RANGE', { defaults: { limits: { cpu: -1 } } }],
      ['stateDir', 'ERR_INVALID_SPEC', { stateDir: 'here' }],
    ]
    for (const [field, code, options] of bad) {
      const error = await thrown(() =>
        Reflect.apply(createEngine, undefined, [{ ...good, ...options }]),
      )
      expect([error.field, error.code]).to.deep.equal([field, code])
    }
  })

  it('says which dependency of which driver is missing', async () => {
    const NEEDED = token<string>('test/Needed')
    const isolation = defineDriver({
      kind: 'isolation',
      name: 'needy',
      apiVersion: 1,
      inject: { needed: NEEDED },
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => {
        throw new Error('not reached')
      },
    })
    const error = await thrown(createEngine({ rootfs: world.rootfs(), isolation }))
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('test/Needed@1')
  })

  it('disposes what it made in its scope, and leaves the scope of the caller alone', async () => {
    const log: string[] = []
    const MINE = token<object>('test/Mine')
    const THEIRS = token<object>('test/Theirs')
    const scope = Scope.root()
    scope.provide(THEIRS, {}, () => ({ dispose: () => log.push('theirs') }))
    const isolation = defineDriver({
      kind: 'isolation',
      name: 'isolating',
      apiVersion: 1,
      modules: [
        {
          name: 'mine',
          install: (s: Scope) => {
            if (!s.has(MINE)) s.provide(MINE, {}, () => ({ dispose: () => log.push('mine') }))
          },
        },
      ],
      inject: { mine: MINE, theirs: THEIRS },
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => world.isolation().create(scope),
    })
    const engine = await createEngine({ rootfs: world.rootfs(), isolation, scope })
    await engine[Symbol.asyncDispose]()
    expect(log).to.deep.equal(['mine'])
    await scope[Symbol.asyncDispose]()
    expect(log).to.deep.equal(['mine', 'theirs'])
  })
})

describe('defaults of an engine', () => {
  it('are limits of every container that does not name them, and never dropped in silence', async () => {
    const world = new FakeWorld()
    const limiter: object = {
      defaults: { from: 'fake:x', limits: { cpuTime: '1s', memory: '1GiB' } },
    }
    const engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [world.limiter('one', ['cpuTime'])],
      ...limiter,
    })
    const result = await engine.run(['true'])
    expect(world.roots[0]?.reference).to.equal('x')
    expect(world.limits[0]?.limits).to.deep.equal({ cpuTime: 1000 })
    expect(result.degraded).to.have.length(1)
    expect(result.degraded[0]).to.include('memory')
    await engine.run(['true'], { limits: { cpuTime: '3s' } })
    expect(world.limits[1]?.limits).to.deep.equal({ cpuTime: 3000 })
    await engine[Symbol.asyncDispose]()
  })

  it('take the first scheme where none is named', async () => {
    const world = new FakeWorld()
    const engine = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
    await engine.run(['true'])
    expect(world.requests[0]?.spec.from).to.equal('fake:')
    await engine[Symbol.asyncDispose]()
  })

  it('warn of a limit that nobody enforces where the caller allowed that', async () => {
    const world = new FakeWorld()
    const engine: Engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      onUnsupported: 'warn',
    })
    const warnings: unknown[] = []
    engine.events.on('warning', (error) => warnings.push(error))
    const result = await engine.run(['true'], { limits: { memory: '1MiB' } })
    expect(result.degraded).to.have.length(1)
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.memory' })
    await engine[Symbol.asyncDispose]()
  })
})
