import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { createEngine, type Engine } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { thrown } from '../support/thrown.js'

async function* parts(): AsyncGenerator<string> {
  yield 'c'
  yield 'd'
}

async function* broken(): AsyncGenerator<string> {
  yield 'half'
  throw new Error('lost')
}

describe('Exec: stdin', () => {
  let world: FakeWorld
  let engine: Engine<'cpuTime'>

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [world.limiter('one', ['cpuTime'])],
    })
  })

  afterEach(async () => {
    await engine[Symbol.asyncDispose]()
    expect(world.held, 'leases held').to.equal(0)
  })

  it('is at its end at once by default', async () => {
    await engine.run(['cat'])
    expect(world.commands[0]?.stdin).to.deep.equal({ kind: 'null' })
  })

  it('is text or bytes, sent along when small', async () => {
    expect((await engine.run(['cat'], { stdin: 'grüezi' })).stdout).to.equal('grüezi')
    expect((await engine.run(['cat'], { stdin: Buffer.from('ho') })).stdout).to.equal('ho')
    expect(world.commands.map(({ stdin }) => stdin.kind)).to.deep.equal(['bytes', 'bytes'])
  })

  it('is streamed when it is large', async () => {
    const stdin = 'x'.repeat(1024 * 1024)
    expect((await engine.run(['cat'], { stdin })).stdout).to.equal(stdin)
    expect(world.commands[0]?.stdin).to.deep.equal({ kind: 'stream' })
  })

  it('is not what a buffer holds after it was passed', async () => {
    const stdin = Buffer.from('then')
    const exec = engine.run(['cat'], { stdin })
    stdin.write('now!')
    expect((await exec).stdout).to.equal('then')
  })

  it('is read from any stream or iterable', async () => {
    expect((await engine.run(['cat'], { stdin: Readable.from(['a', 'b']) })).stdout).to.equal('ab')
    expect((await engine.run(['cat'], { stdin: parts() })).stdout).to.equal('cd')
  })

  it('is written by the caller, before and after the start', async () => {
    const exec = engine.run(['cat'])
    exec.stdin.write('one ')
    await exec.pid
    exec.stdin.end('two')
    expect((await exec).stdout).to.equal('one two')
  })

  it('says so when it is asked for too late', async () => {
    const exec = engine.run(['true'])
    await exec
    const error = await thrown(() => exec.stdin)
    expect([error.code, error.field]).to.deep.equal(['ERR_INVALID_SPEC', 'stdin'])
  })

  it('that breaks ends the input and shows in the result', async () => {
    for (const stdin of [broken(), Readable.from(broken())]) {
      const result = await engine.run(['cat'], { stdin })
      expect(result.stdout).to.equal('half')
      expect(result.degraded.join()).to.include('lost')
    }
  })

  it('that never ends does not keep a command from ending', async () => {
    const stdin = new PassThrough()
    expect((await engine.run(['true'], { stdin })).exitCode).to.equal(0)
    expect(stdin.listenerCount('data')).to.equal(0)
  })
})
