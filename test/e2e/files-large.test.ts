import type { Readable } from 'node:stream'
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits } from 'caisson'
import { Place } from './file-fixtures.js'

const SIZE = 1024 * 1024 * 1024
const ROOM = 96 * 1024 * 1024

/** How far memory grows beyond what it was while something runs. */
async function growth(work: () => Promise<unknown>): Promise<{ bytes: number; ms: number }> {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 10)
  const from = performance.now()
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return { bytes: most - before, ms: performance.now() - from }
}

function report(what: string, { bytes, ms }: { bytes: number; ms: number }): void {
  const rate = Math.round(SIZE / (1 << 20) / (ms / 1000))
  console.log(`      ${what}: ${rate} MiB/s, memory grew by ${Math.round(bytes / (1 << 20))} MiB`)
  expect(bytes, what).to.be.lessThan(ROOM)
}

describe('container.fs with a file of 1 GiB', function () {
  this.timeout(120_000)
  let engine: PresetEngine<DefaultLimits>
  let place: Place

  before(async () => {
    engine = await createEngine()
    place = new Place()
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    place[Symbol.dispose]()
  })

  it('copies in and out with little memory', async () => {
    // On disk in both places: what a container writes itself is memory.
    mkdirSync(place.at('disk'))
    writeFileSync(place.at('big'), '')
    truncateSync(place.at('big'), SIZE)
    const container = await engine.create({
      mounts: [{ kind: 'bind', from: place.at('disk'), to: '/disk', readonly: false }],
    })
    const { fs } = container
    await fs.writeFile('/disk/warm', Buffer.alloc(1 << 20))
    report('in', await growth(() => fs.copyIn(place.at('big'), '/disk/big')))
    expect((await fs.stat('/disk/big')).size).to.equal(SIZE)
    report('out', await growth(() => fs.copyOut('/disk/big', place.at('out'))))
    expect(statSync(place.at('out')).size).to.equal(SIZE)
    await container.remove()
  })

  it('streams, archives and unpacks with little memory', async () => {
    const container = await engine.create()
    const { fs } = container
    await fs.writeFile('/tmp/sparse/file', '', { mkdir: true })
    await fs.truncate('/tmp/sparse/file', SIZE)
    let bytes = 0
    const drain = async (stream: Readable): Promise<void> => {
      for await (const chunk of stream) bytes += (chunk as Uint8Array).length
    }
    report('read', await growth(() => drain(fs.createReadStream('/tmp/sparse/file'))))
    expect(bytes).to.equal(SIZE)
    report('tar', await growth(() => drain(fs.tar('/tmp/sparse'))))
    expect(bytes).to.be.greaterThan(2 * SIZE)
    await container.remove()
  })

  it('holds back for a reader that does not read', async () => {
    const container = await engine.create()
    const { fs } = container
    await fs.writeFile('/tmp/file', '')
    await fs.truncate('/tmp/file', SIZE)
    const stalled = fs.createReadStream('/tmp/file')
    const iterator = stalled[Symbol.asyncIterator]()
    await iterator.next()
    const grown = await growth(async () => {
      for (let n = 0; n < 200; n++) await fs.writeFile(`/tmp/other${n}`, 'x')
    })
    expect(grown.bytes).to.be.lessThan(ROOM)
    await iterator.return?.()
    await container.remove()
  })
})
