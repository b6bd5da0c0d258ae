import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import { createEngine, type Engine, type ExecEvent } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { deferred, type FakeProgram } from '../support/fake-process.js'
import { thrown } from '../support/thrown.js'

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

describe('Exec', () => {
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

  function program(name: string, run: (program: FakeProgram) => unknown): void {
    world.programs = { ...world.programs, [name]: run }
  }

  describe('output', () => {
    it('is captured when nobody asks for a stream', async () => {
      await engine.run(['echo', 'x'])
      expect(world.commands[0]).to.include({
        stdout: 'capture',
        stderr: 'capture',
        reportStart: false,
      })
    })

    it('is live when a stream is touched in the same tick, and in the result too', async () => {
      const exec = engine.run(['echo', 'x'])
      const { stdout } = exec
      expect(await text(stdout)).to.equal('x\n')
      expect((await exec).stdout).to.equal('x\n')
      expect(world.commands[0]).to.include({
        stdout: 'stream',
        stderr: 'capture',
        reportStart: true,
      })
    })

    it('is replayed to a stream that is touched later', async () => {
      const exec = engine.run(['warn'])
      await exec
      expect(await text(exec.stderr)).to.equal('careful\n')
      expect(await text(exec.stdout)).to.equal('')
      expect(world.commands[0]).to.include({ stdout: 'capture' })
    })

    it('comes as events, in order, with start and end', async () => {
      const events: ExecEvent[] = []
      for await (const event of engine.run(['warn'])) events.push(event)
      expect(events.map(({ type }) => type)).to.deep.equal(['start', 'stderr', 'end'])
      expect(events[0]).to.deep.equal({ type: 'start', pid: 7 })
      const last = events.at(-1)
      expect(last?.type === 'end' && last.result.exitCode).to.equal(3)
    })

    it('comes as events after the end as well', async () => {
      const exec = engine.run(['echo', 'late'])
      await exec
      const types: string[] = []
      for await (const { type } of exec) types.push(type)
      expect(types).to.deep.equal(['start', 'stdout', 'end'])
    })

    it('throws out of the loop when the command cannot be started', async () => {
      world.before = (): void => {
        throw new Error('no root')
      }
      const events: unknown[] = []
      let message = ''
      try {
        for await (const event of engine.run(['true'])) events.push(event)
      } catch (error) {
        message = String(error)
      }
      expect([events, message]).to.deep.equal([[], 'Error: no root'])
    })

    it('lets the command run on when the loop is left', async () => {
      const release = deferred()
      program('talk', async (p) => {
        await p.out('one\n')
        await release.promise
        await p.out('two\n')
        p.exit(0)
      })
      const exec = engine.run(['talk'])
      for await (const event of exec) if (event.type === 'stdout') break
      release.resolve()
      expect((await exec).stdout).to.equal('one\ntwo\n')
    })

    it('comes as lines, whatever the chunks are', async () => {
      program('talk', async (p) => {
        const bytes = Buffer.from('eins\nzwöi\n\ndrei')
        for (const byte of bytes) await p.out(Uint8Array.of(byte))
        p.exit(0)
      })
      const lines: string[] = []
      for await (const line of engine.run(['talk']).lines()) lines.push(line)
      expect(lines).to.deep.equal(['eins', 'zwöi', '', 'drei'])
    })

    it('keeps head and tail within maxOutput, captured from a stream', async () => {
      program('talk', async (p) => {
        await p.out('0123456789abcdef')
        p.exit(0)
      })
      const exec = engine.run(['talk'], { maxOutput: 6 })
      expect(await text(exec.stdout)).to.equal('0123456789abcdef')
      const result = await exec
      expect(result.stdout).to.equal('012def')
      expect(result.truncated).to.deep.equal({ stdout: true, stderr: false })
    })

    it('is copied to the streams given, which stay open', async () => {
      const chunks: Buffer[] = []
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done): void {
          chunks.push(chunk)
          done()
        },
      })
      const result = await engine.run(['echo', 'both'], { stdout: sink })
      expect(Buffer.concat(chunks).toString()).to.equal('both\n')
      expect(result.stdout).to.equal('both\n')
      expect(sink.writableEnded).to.equal(false)
      expect(sink.listenerCount('drain')).to.equal(0)
    })

    it('says in the result that a stream given broke, and goes on', async () => {
      const sink = new Writable({
        write(_chunk, _encoding, done): void {
          done(new Error('disk full'))
        },
      })
      const release = deferred()
      sink.once('error', () => release.resolve())
      program('talk', async (p) => {
        await p.out('one\n')
        await release.promise
        await p.out('two\n')
        p.exit(0)
      })
      const result = await engine.run(['talk'], { stdout: sink })
      expect(result.stdout).to.equal('one\ntwo\n')
      expect(result.degraded.join()).to.include('disk full')
    })

    it('stalls the command when a reader stops, and only then', async () => {
      let written = 0
      const full = deferred()
      program('flood', async (p) => {
        const chunk = Buffer.alloc(64 * 1024)
        for (let i = 0; i < 64; i++) {
          const flushed = p.out(chunk)
          written += chunk.length
          if (written >= 256 * 1024) full.resolve()
          await flushed
        }
        p.exit(0)
      })
      const exec = engine.run(['flood'])
      const { stdout } = exec
      await engine.run(['echo', 'another'])
      await new Promise((resolve) => setImmediate(resolve))
      const before = written
      expect(before).to.be.lessThan(1024 * 1024)
      stdout.resume()
      expect((await exec).stdout.length).to.equal(4 * 1024 * 1024)
    })

    it('does not keep the result of a killed command from a caller who never reads', async () => {
      program('flood', async (p) => {
        for (;;) await p.out(Buffer.alloc(64 * 1024))
      })
      const exec = engine.run(['flood'], { timeout: 20 })
      expect(exec.stdout.readable).to.equal(true)
      expect((await exec).reason).to.equal('wall-time')
    })

    it('does not hang on a pipe that a grandchild keeps open', async () => {
      program('daemon', async (p) => {
        await p.out('up\n')
        const process = world.processes.at(-1)
        const { stdout } = (await process?.started) ?? {}
        // the end of the command, but not of its stream
        if (stdout !== undefined) stdout.push = stdout.push.bind(stdout)
        if (stdout instanceof PassThrough) stdout.end = () => stdout
        p.exit(0)
      })
      const exec = engine.run(['daemon'])
      const seen = text(exec.stdout)
      expect((await exec).stdout).to.equal('up\n')
      expect(await seen).to.equal('up\n')
    })
  })

  describe('ends', () => {
    it('by timeout with what was written until then', async () => {
      program('slow', async (p) => p.out('partial'))
      const result = await engine.run(['slow'], { timeout: '10ms' })
      expect(result).to.include({
        reason: 'wall-time',
        signal: 'SIGKILL',
        stdout: 'partial',
        ok: false,
      })
    })

    it('by an AbortSignal', async () => {
      const controller = new AbortController()
      const exec = engine.run(['hang'], { signal: controller.signal })
      await exec.pid
      controller.abort()
      expect((await exec).reason).to.equal('aborted')
    })

    it('before it starts when the signal is aborted already, and nothing is touched', async () => {
      const error = await thrown(engine.run(['true'], { signal: AbortSignal.abort('why') }))
      expect([error.code, error.cause]).to.deep.equal(['ERR_ABORTED', 'why'])
      expect(world.log).to.deep.equal([])
    })

    it('when aborted at any step of the start, and gives everything back', async () => {
      for (const at of ['lend', 'acquire one']) {
        const controller = new AbortController()
        world.before = (step): void => {
          if (step === at) controller.abort()
        }
        const options = { signal: controller.signal, limits: { cpuTime: 1 } }
        const error = await thrown(engine.run(['true'], options))
        expect([error.code, world.held], at).to.deep.equal(['ERR_ABORTED', 0])
        expect(world.log).to.not.include('run')
      }
    })

    it('takes its listener off the signal', async () => {
      const controller = new AbortController()
      let listeners = 0
      const { signal } = controller
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...args: Parameters<typeof add>): void => {
        listeners++
        add(...args)
      }
      signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
        listeners--
        remove(...args)
      }
      await engine.run(['true'], { signal })
      expect(listeners).to.equal(0)
    })

    it('by kill(), which waits for the end', async () => {
      const exec = engine.run(['hang'])
      await exec.pid
      await exec.kill()
      expect(world.processes[0]?.over).to.equal(true)
      expect((await exec).reason).to.equal('killed')
    })

    it('by itself when it handles the signal that kill() sent', async () => {
      program('polite', (p) => {
        p.onSignal = (signal): boolean => {
          if (signal === 'SIGTERM') p.exit(0)
          return true
        }
      })
      const exec = engine.run(['polite'])
      await exec.pid
      await exec.kill('SIGTERM')
      expect(await exec).to.include({ reason: 'exit', exitCode: 0, ok: true })
    })

    it('by the signal that kill() sent', async () => {
      const exec = engine.run(['hang'])
      await exec.pid
      await exec.kill('SIGTERM')
      expect(await exec).to.include({ reason: 'killed', signal: 'SIGTERM', exitCode: null })
    })

    it('with the first reason when there are several', async () => {
      const controller = new AbortController()
      const exec = engine.run(['hang'], { signal: controller.signal })
      await exec.pid
      controller.abort()
      const killed = exec.kill()
      expect((await exec).reason).to.equal('aborted')
      await killed
    })

    it('before it starts when it is killed at once, and nobody has to catch that', async () => {
      const exec = engine.run(['true'])
      await exec.kill()
      expect((await thrown(exec)).code).to.equal('ERR_ABORTED')
      expect(world.log).to.deep.equal([])
    })

    it('when its block is left', async () => {
      const exec = engine.run(['hang'])
      await exec.pid
      await exec[Symbol.asyncDispose]()
      expect((await exec).reason).to.equal('killed')
    })

    it('is not changed by what comes after it', async () => {
      const exec = engine.run(['true'])
      await exec
      await exec.kill()
      expect((await exec).reason).to.equal('exit')
      expect(world.processes[0]?.signals).to.deep.equal([])
    })

    it('is a rejection with ERR_ABORTED when it was killed while it was set up', async () => {
      const controller = new AbortController()
      program('setup', () => {
        controller.abort()
        world.processes.at(-1)?.fail(new Error('interrupted'))
      })
      const error = await thrown(engine.run(['setup'], { signal: controller.signal }))
      expect(error.code).to.equal('ERR_ABORTED')
      expect(String(error.cause)).to.equal('Error: interrupted')
    })
  })

  describe('pid', () => {
    it('is known at the start when it is asked for in the same tick', async () => {
      const exec = engine.run(['hang'])
      expect(await exec.pid).to.equal(7)
      await exec.kill()
    })

    it('is known at the end otherwise', async () => {
      const exec = engine.run(['true'])
      await exec
      expect(await exec.pid).to.equal(7)
    })

    it('rejects when there never was one', async () => {
      const exec = engine.run(['nosuch:'], { from: 'nowhere:' })
      expect((await thrown(exec.pid)).code).to.equal('ERR_ROOTFS_SCHEME')
      expect((await thrown(exec)).code).to.equal('ERR_ROOTFS_SCHEME')
    })
  })
})
