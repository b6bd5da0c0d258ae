// Root of a container may lower the limits of its own pid 1 and stop its children: no time limit may depend on them.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createEngine, type PresetEngine } from 'caisson'

describe('a container that gets in the way of its pid 1', function () {
  this.timeout(60_000)
  let engine: PresetEngine

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  it('has its next command fail, not hang, when pid 1 may open no more files', async () => {
    await using container = await engine.create()
    const lowered = await container.exec('prlimit', ['--pid', '1', '--nofile=3:3'])
    expect(lowered.exitCode, lowered.stderr).to.equal(0)
    let failure: unknown
    try {
      await container.exec('true')
    } catch (error) {
      failure = error
    }
    expect(failure).to.include({ code: 'ERR_LAUNCH', errno: 'EMFILE' })
  })

  it('is ended by a time limit although it stops whatever pid 1 starts', async () => {
    await using container = await engine.create()
    const stopper = container.sh('while :; do kill -STOP -1; done')
    // it goes with the container
    void stopper.then(undefined, () => {})
    // Sooner or later one is stopped before its program runs, and pid 1 waits for that; the others are stopped after.
    for (const end = performance.now() + 15_000; performance.now() < end;) {
      let reason: string | undefined
      try {
        reason = (await container.exec('true', [], { timeout: 100 })).reason
      } catch (error) {
        expect(error)
          .to.be.an('error')
          .with.property('code')
          .that.matches(/GONE|STATE/)
        const { code, message } = Object(error)
        if (code === 'ERR_CONTAINER_GONE')
          expect(message).to.include('its pid 1 did not do that within two seconds')
        return
      }
      expect(reason).to.be.oneOf(['exit', 'wall-time'])
    }
  })

  it('says what ended it when that was somebody outside', async () => {
    const container = await engine.create()
    process.kill(container.pid, 'SIGKILL')
    while (container.state !== 'stopped') await delay(5)
    let failure: unknown
    try {
      await container.exec('true')
    } catch (error) {
      failure = error
    }
    expect(failure).to.include({ code: 'ERR_CONTAINER_GONE' })
    expect(failure)
      .to.have.property('message')
      .that.includes('killed by SIGKILL, which Caisson did not send')
    await container.remove()
  })

  it('takes a thousand commands at once', async () => {
    await using container = await engine.create()
    const all = Array.from({ length: 1000 }, (_, i) => container.exec('echo', [String(i)]))
    const outputs = await Promise.all(all.map(async (exec) => (await exec).stdout))
    expect(outputs).to.deep.equal(all.map((_, i) => `${i}\n`))
  })
})
