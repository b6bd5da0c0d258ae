import { PassThrough, Writable } from 'node:stream'
import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits } from 'caisson'
import { launcherOf, residentBytes } from './launcher-process.js'

// Bytes of which no two stretches look alike, so that a byte too few or too many is seen.
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at)
  return bytes
}

function headAndTail(bytes: Buffer, max: number): Buffer {
  if (bytes.length <= max) return bytes
  const head = Math.ceil(max / 2)
  return Buffer.concat([bytes.subarray(0, head), bytes.subarray(bytes.length - (max - head))])
}

async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('output', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>

  before(async () => {
    engine = await createEngine()
    await engine.run(['true'])
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
  })

  const ends = async (): Promise<void> => {
    await engine.run(['yes'], { onOutputLimit: 'kill', maxOutput: 10 })
    await engine.run(['sleep', '1000'], { idleTimeout: 20 })
    await engine.run(['yes'], { timeout: 50, stdout: new PassThrough() })
  }

  const max = 4097
  for (const size of [0, 1, max - 1, max, max + 1, 2 * max, 65_536, 65_537, 1_000_003]) {
    for (const live of [false, true]) {
      it(`keeps head and tail of ${size} bytes exactly, ${live ? 'streamed' : 'captured'}`, async () => {
        const bytes = pattern(size)
        const options = { stdin: bytes, maxOutput: max, encoding: 'buffer' } as const
        const exec = engine.run(['sh', '-c', 'cat; echo err >&2'], options)
        const all = live ? readAll(exec.stdout) : undefined
        const { stdout, stderr, truncated, reason } = await exec
        expect(Buffer.compare(stdout, headAndTail(bytes, max)), `${stdout.length} bytes`).to.equal(
          0,
        )
        expect(truncated).to.deep.equal({ stdout: size > max, stderr: false })
        expect(Buffer.from(stderr).toString()).to.equal('err\n')
        expect(reason).to.equal('exit')
        if (all !== undefined) expect(Buffer.compare(await all, bytes)).to.equal(0)
      })
    }
  }

  describe('over the limit', () => {
    const kill = { onOutputLimit: 'kill', encoding: 'buffer' } as const

    for (const stream of ['stdout', 'stderr'] as const) {
      it(`ends a command that writes too much to ${stream}, and keeps exactly what was allowed`, async () => {
        const options = { ...kill, maxOutput: 100_001 }
        const redirect = stream === 'stderr' ? '>&2' : ''
        const result = await engine.run(['sh', '-c', `yes ${redirect}`], options)
        expect([result.reason, result.ok]).to.deep.equal(['output-limit', false])
        const whole = Buffer.from('y\n'.repeat(50_001)).subarray(0, 100_001)
        expect(Buffer.compare(result[stream], whole)).to.equal(0)
        expect(result.truncated[stream]).to.equal(true)
      })
    }

    it('says so too of a command that has exited by then', async () => {
      const result = await engine.run(['echo', '12345'], { ...kill, maxOutput: 5 })
      expect([result.reason, result.ok]).to.deep.equal(['output-limit', false])
      expect(Buffer.from(result.stdout).toString()).to.equal('12345')
    })

    it('lets a command write just as much as is allowed', async () => {
      const result = await engine.run(['echo', '12345'], { ...kill, maxOutput: 6 })
      expect([result.reason, result.truncated.stdout]).to.deep.equal(['exit', false])
    })

    it('ends one command of a container, and all it started, not the others', async () => {
      const container = await engine.create()
      const other = container.exec('cat', [], { stdin: 'pipe' })
      const { reason } = await container.sh('yes & yes', { ...kill, maxOutput: 10 })
      expect(reason).to.equal('output-limit')
      other.stdin.end('still here')
      expect((await other).stdout).to.equal('still here')
      const { stdout } = await container.sh('cat /proc/[0-9]*/comm')
      expect(stdout).not.to.include('yes')
      await container.remove()
    })

    it('hands readers what is allowed and no more', async () => {
      const exec = engine.run(['yes'], { ...kill, maxOutput: 70_000 })
      expect(await readAll(exec.stdout)).to.have.length(70_000)
      expect((await exec).reason).to.equal('output-limit')
    })
  })

  describe('of a command that says nothing', () => {
    it('ends it after the idle timeout, and keeps what it said', async () => {
      const started = performance.now()
      const { reason, stdout } = await engine.run(['sh', '-c', 'echo hello; sleep 1000'], {
        idleTimeout: 1500,
      })
      expect([reason, stdout]).to.deep.equal(['idle', 'hello\n'])
      expect(performance.now() - started).to.be.within(1500, 30_000)
    })

    it('ends one that never said anything, in a container too', async () => {
      const container = await engine.create()
      const { reason } = await container.exec('sleep', ['1000'], { idleTimeout: 100 })
      expect(reason).to.equal('idle')
      await container.remove()
    })

    it('lets one go on that says something now and then, to either stream', async () => {
      const script = 'for i in 1 2 3 4 5 6; do sleep 0.2; echo $i; sleep 0.2; echo $i >&2; done'
      const { reason, stdout } = await engine.run(['sh', '-c', script], { idleTimeout: 2000 })
      expect([reason, stdout.length]).to.deep.equal(['exit', 12])
    })

    it('does not take a slow reader of ours for its silence', async () => {
      const exec = engine.run(['head', '-c', '1000000', '/dev/zero'], { idleTimeout: 1000 })
      let read = 0
      let rests = 0
      for await (const chunk of exec.stdout) {
        read += chunk.length
        // longer than the timeout, while the command waits for us
        if (rests++ === 0) await new Promise((resolve) => setTimeout(resolve, 1500))
      }
      expect([(await exec).reason, read]).to.deep.equal(['exit', 1_000_000])
    })
  })

  for (const live of [false, true]) {
    describe(`partial output, ${live ? 'streamed' : 'captured'}`, () => {
      const script = 'echo out; echo err >&2; echo > /tmp/ready; sleep 1000'
      it('survives a timeout', async () => {
        const exec = engine.run(['sh', '-c', script], { timeout: 1500 })
        if (live) void readAll(exec.stdout)
        const { reason, stdout, stderr } = await exec
        expect([reason, stdout, stderr]).to.deep.equal(['wall-time', 'out\n', 'err\n'])
      })

      it('survives an abort', async () => {
        const container = await engine.create()
        const controller = new AbortController()
        const exec = container.sh(script, { signal: controller.signal })
        if (live) void readAll(exec.stdout)
        await container.waitFor({ cmd: ['test', '-e', '/tmp/ready'] })
        controller.abort()
        const { reason, stdout, stderr } = await exec
        expect([reason, stdout, stderr]).to.deep.equal(['aborted', 'out\n', 'err\n'])
        await container.remove()
      })
    })

    it(`is complete although a child keeps it open, ${live ? 'streamed' : 'captured'}`, async () => {
      const container = await engine.create()
      const exec = container.sh('sleep 1000 & echo done')
      const read = live ? readAll(exec.stdout) : undefined
      const { reason, stdout, usage } = await exec
      expect([reason, stdout]).to.deep.equal(['exit', 'done\n'])
      expect(usage.wallMs).to.be.lessThan(30_000)
      if (read !== undefined) expect((await read).toString()).to.equal('done\n')
      await container.remove()
    })
  }

  it('of one command that nobody reads stalls that one only, in bounded memory', async () => {
    const launcher = launcherOf(process.pid)
    const stalled = engine.run(['yes'])
    const reader = stalled.stdout
    await stalled.pid
    const before = { node: process.memoryUsage.rss(), launcher: residentBytes(launcher) }
    const others = Array.from({ length: 100 }, async (_, i) => {
      const exec = engine.run(['head', '-c', '1000000', '/dev/zero'], { maxOutput: '64KiB' })
      // half of them streamed, half captured
      if (i % 2 === 0) for await (const chunk of exec.stdout) expect(chunk).not.to.have.length(0)
      return exec
    })
    for (const { reason, truncated } of await Promise.all(others)) {
      expect([reason, truncated.stdout]).to.deep.equal(['exit', true])
    }
    const grown = {
      node: process.memoryUsage.rss() - before.node,
      launcher: residentBytes(launcher) - before.launcher,
    }
    // 100 MB went by
    expect(grown.launcher).to.be.lessThan(16 * 2 ** 20)
    expect(grown.node).to.be.lessThan(64 * 2 ** 20)
    expect(reader.readable).to.equal(true)
    await stalled.kill()
    expect((await stalled).reason).to.equal('killed')
  })

  it('to a stream of the caller’s that breaks does not end the command', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('no space left')),
    })
    const result = await engine.run(['sh', '-c', 'echo one; echo two'], { stdout: broken })
    expect([result.reason, result.stdout]).to.deep.equal(['exit', 'one\ntwo\n'])
    expect(result.degraded.join()).to.include('no space left')
  })

  it('leaves no descriptor behind, however it ended', async () => {
    await ends()
    const before = descriptors()
    for (let round = 0; round < 5; round++) await ends()
    // pipes are closed in the background
    const deadline = performance.now() + 10_000
    while (descriptors() > before && performance.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(descriptors()).to.equal(before)
  })
})
