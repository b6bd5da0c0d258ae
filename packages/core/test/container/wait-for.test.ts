import { expect } from 'chai'
import { createEngine, type Engine } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { thrown } from '../support/thrown.js'

describe('Container.waitFor', () => {
  let world: FakeWorld
  let engine: Engine<never, 'copyOnWrite'>

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({ rootfs: world.rootfs(), isolation: world.isolation() })
  })

  afterEach(async () => {
    await engine[Symbol.asyncDispose]()
    expect(world.held, 'leases held').to.equal(0)
  })

  it('asks the isolation driver for a file until it is there', async () => {
    const asked: string[] = []
    world.exists = (path): boolean => asked.push(path) === 3
    const container = await engine.create()
    await container.waitFor({ file: '/run//ready' })
    expect(asked).to.deep.equal(['/run/ready', '/run/ready', '/run/ready'])
  })

  it('refuses a file where the isolation driver cannot tell, and says what to do', async () => {
    const container = await engine.create()
    const error = await thrown(container.waitFor({ file: '/ready' }))
    expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'file' })
    expect(error.fix).to.include('cmd')
  })

  it('throws what a look throws', async () => {
    world.exists = (): boolean => {
      throw new Error('the root is gone')
    }
    const container = await engine.create()
    const waiting = container.waitFor({ file: '/ready' }).catch((error: unknown) => error)
    expect(await waiting).to.have.property('message', 'the root is gone')
  })

  it('ends when the container goes away by itself', async () => {
    world.exists = (): boolean => false
    const container = await engine.create()
    const waiting = thrown(container.waitFor({ file: '/ready' }))
    world.vanish()
    expect((await waiting).code).to.equal('ERR_WAIT_FAILED')
  })

  it('says in time what was seen last', async () => {
    world.exists = (): boolean => false
    const container = await engine.create()
    const error = await thrown(container.waitFor({ file: '/ready' }, { timeout: 30 }))
    expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
    expect(error.message).to.include('/ready').and.to.include('it is not there')
  })
})
