import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { PassThrough, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits } from 'caisson'

const megabytes = 10
const large = Buffer.alloc(megabytes * 2 ** 20, 'caisson ')
const digest = createHash('sha256').update(large).digest('hex')

function* parts(): Generator<Buffer> {
  for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000)
}

async function* slowly(): AsyncGenerator<Buffer> {
  for (const part of parts()) {
    await new Promise((resolve) => setImmediate(resolve))
    yield part
  }
}

async function* throwing(): AsyncGenerator<string> {
  yield 'a'
  throw new Error('no more')
}

async function* wrong(): AsyncGenerator<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a caller without types would
  yield 42 as unknown as string
}

describe('stdin', function () {
  this.timeout(30_000)
  let engine: PresetEngine<DefaultLimits>

  before(async () => {
    engine = await createEngine()
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
  })

  it('is at its end by default: nothing waits for it', async () => {
    const { reason, stdout } = await engine.run(['sh', '-c', 'cat; echo end'])
    expect([reason, stdout]).to.deep.equal(['exit', 'end\n'])
  })

  const sources = {
    bytes: () => large,
    text: () => large.toString(),
    'a stream': () => Readable.from(parts()),
    'a web stream': () => ReadableStream.from(slowly()),
    'an async iterable': slowly,
  }
  for (const [name, source] of Object.entries(sources)) {
    it(`takes ${megabytes} MiB from ${name}`, async () => {
      const { ok, stdout } = await engine.run(['sha256sum'], { stdin: source() })
      expect([ok, stdout.slice(0, 64)]).to.deep.equal([true, digest])
    })
  }

  it(`takes ${megabytes} MiB by writing to it`, async () => {
    const exec = engine.run(['sha256sum'], { stdin: 'pipe' })
    for (const part of parts()) {
      if (!exec.stdin.write(part)) await new Promise((resolve) => exec.stdin.once('drain', resolve))
    }
    exec.stdin.end()
    expect((await exec).stdout.slice(0, 64)).to.equal(digest)
  })

  it('can be ended while output still comes', async () => {
    const exec = engine.run(['sh', '-c', 'cat; echo after the end'], { stdin: 'pipe' })
    exec.stdin.end('before\n')
    expect((await exec).stdout).to.equal('before\nafter the end\n')
  })

  it('can be talked to: a command that answers line by line', async () => {
    const exec = engine.run(['cat'], { stdin: 'pipe' })
    const answers: string[] = []
    exec.stdin.write('1\n')
    for await (const line of exec.lines()) {
      answers.push(line)
      if (answers.length < 3) exec.stdin.write(`${answers.length + 1}\n`)
      else exec.stdin.end()
    }
    expect(answers).to.deep.equal(['1', '2', '3'])
  })

  for (const [name, source] of Object.entries(sources)) {
    it(`may be left unread: ${name}`, async () => {
      const { reason, exitCode } = await engine.run(['true'], { stdin: source() })
      expect([reason, exitCode]).to.deep.equal(['exit', 0])
    })
  }

  it('is written to in vain after the command’s end, without an error of ours', async () => {
    const exec = engine.run(['true'], { stdin: 'pipe' })
    await exec
    exec.stdin.write(large)
    exec.stdin.end()
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('that breaks is the end of it, and the result says so', async () => {
    const source = new PassThrough()
    source.write('first')
    const exec = engine.run(['cat'], { stdin: source })
    await exec.pid.then(() => source.destroy(new Error('the disk is on fire')))
    const { reason, stdout, degraded } = await exec
    expect([reason, stdout]).to.deep.equal(['exit', 'first'])
    expect(degraded.join()).to.include('stdin').and.to.include('the disk is on fire')
  })

  it('that breaks before the command runs does not end Node', async () => {
    const source = createReadStream('/not/there')
    const result = engine.run(['cat'], { stdin: source })
    await finished(source).catch(() => {})
    const { reason, degraded } = await result
    expect(reason).to.equal('exit')
    expect(degraded.join()).to.include('ENOENT')
  })

  it('that was closed long before does not keep the command waiting', async () => {
    const source = new PassThrough()
    source.destroy()
    await finished(source).catch(() => {})
    const { reason, degraded } = await engine.run(['cat'], { stdin: source })
    expect(reason).to.equal('exit')
    expect(degraded.join()).to.include('closed')
  })

  it('that has been read to its end already is at its end', async () => {
    const source = Readable.from(['x'])
    await source.toArray()
    const { reason, stdout } = await engine.run(['cat'], { stdin: source })
    expect([reason, stdout]).to.deep.equal(['exit', ''])
  })

  it('from an iterable that throws, or gives what nobody can write, says so', async () => {
    const first = await engine.run(['cat'], { stdin: throwing() })
    expect([first.stdout, first.degraded.join()].join()).to.include('no more')
    const second = await engine.run(['cat'], { stdin: wrong() })
    expect(second.degraded.join()).to.include('stdin')
  })

  it('that waits for ever does not outlive the command', async () => {
    const never = new PassThrough()
    const { ok } = await engine.run(['true'], { stdin: never })
    expect([ok, never.listenerCount('data'), never.destroyed]).to.deep.equal([true, 0, false])
  })
})
