import { expect } from 'chai'
import { createEngine, defineDriver, type Container, type Driver, type Exec } from '@caisson/core'
import { all, optional, Scope, token } from '@caisson/core/di'
import { FakeWorld } from './support/fake-drivers.js'
import { thrown } from './support/thrown.js'

declare module '@caisson/core' {
  interface LimitTypes {
    /** As a third party would add one. */
    gpuTime: number
  }
  interface FeatureMethods {
    /** As a third party would add one. */
    beep: { beep(): string }
  }
}

const world = new FakeWorld()
const gpu: Driver<'limiter', 'gpuTime', 'beep'> = defineDriver({
  kind: 'limiter',
  name: 'gpu',
  apiVersion: 1,
  limits: ['gpuTime'],
  features: ['beep'],
  probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
  create: () => ({
    acquire: async (request) => {
      const asked: number | undefined = request.limits.gpuTime
      // @ts-expect-error not a limit of this driver
      void request.limits.memory
      return world.lease(`gpu ${String(asked)}`, request)
    },
  }),
})

// Never called: the compiler is the test.
async function mustNotCompile(): Promise<void> {
  const engine = await createEngine({
    rootfs: world.rootfs(),
    isolation: world.isolation(),
    limiters: [world.limiter('one', ['cpuTime']), gpu],
  })
  engine.run(['x'], { limits: { cpuTime: '1s', gpuTime: 5 } })
  // @ts-expect-error no memory limiter
  engine.run(['x'], { limits: { memory: '1MiB' } })
  // @ts-expect-error no memory limiter
  await engine.create({ limits: { memory: '1MiB' } })
  // @ts-expect-error not a duration
  engine.run(['x'], { limits: { cpuTime: '1 second' } })
  // @ts-expect-error unknown option
  engine.run(['x'], { memory: 1 })
  // @ts-expect-error argv is an array
  engine.run('ls -l')
  const container = await engine.create()
  // @ts-expect-error no memory limiter
  container.exec('x', [], { limits: { memory: 1 } })
  // @ts-expect-error nobody can freeze
  await container.pause()
  const beeped: string = container.beep()
  void beeped
  const bytes: Exec<Uint8Array> = engine.run(['x'], { encoding: 'buffer' })
  const text: Exec = engine.run(['x'], { timeout: '1s' })
  // @ts-expect-error bytes are no text
  const wrong: Exec = engine.run(['x'], { encoding: 'buffer' })
  void [bytes, text, wrong]

  const freezing = await createEngine({
    rootfs: [world.rootfs()],
    isolation: world.isolation(),
    limiters: [world.freezer()],
    // @ts-expect-error default limits are checked as well
    defaults: { limits: { memory: 1 } },
  })
  await (await freezing.create()).pause()
  // @ts-expect-error a rootfs is no isolation driver
  await createEngine({ rootfs: world.rootfs(), isolation: world.rootfs() })
  const bare = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
  // @ts-expect-error there is no limiter at all
  bare.run(['x'], { limits: { cpuTime: 1 } })
  const plain: Container = await bare.create()
  void plain
}

async function mustNotInject(): Promise<void> {
  const TEXT = token<string>('test/Text')
  const scope = Scope.root()
  // @ts-expect-error a number is no string
  scope.value(TEXT, 5)
  // @ts-expect-error it makes a number
  scope.provide(TEXT, {}, () => 5)
  scope.provide(
    TEXT,
    { one: TEXT, many: all(TEXT), maybe: optional(TEXT) },
    ({ one, many, maybe }) => {
      const list: readonly string[] = many
      const perhaps: string | undefined = maybe
      // @ts-expect-error it may be missing
      const sure: string = maybe
      return one + list.join() + String(perhaps) + sure
    },
  )
  // @ts-expect-error isolation drivers have other methods
  defineDriver({ ...gpu, kind: 'isolation', create: () => ({ acquire: async () => undefined }) })
}

describe('types', () => {
  it('are checked by the compiler, and the same at run time', async () => {
    expect([mustNotCompile, mustNotInject]).to.have.length(2)
    const engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [gpu],
    })
    const result = await engine.run(['true'], { limits: { gpuTime: 7 } })
    expect(result.enforced).to.deep.equal(['gpuTime'])
    expect(world.log).to.include('acquire gpu 7')
    const options: object = { limits: { memory: '1MiB' } }
    expect((await thrown(engine.run(['true'], options))).code).to.equal('ERR_UNSUPPORTED')
    await engine[Symbol.asyncDispose]()
  })
})
