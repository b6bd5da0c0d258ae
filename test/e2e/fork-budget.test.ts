import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { emptyStore, openEngine } from './snapshot-engine.js'

const BUDGET_MS = 10

describe('a fork of a container with a root of 1 GB', function () {
  let scratch: string
  let engine: Awaited<ReturnType<typeof openEngine>>

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-fork-'))
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
    await emptyStore(scratch)
    rmSync(scratch, { recursive: true, force: true })
  })

  it('takes less than 10 ms and copies nothing', async function () {
    this.timeout(120_000)
    engine = await openEngine(scratch)
    const base = await engine.create({ writable: { on: 'disk' } })
    const fill = 'fallocate -l 1073741824 /large || dd if=/dev/zero of=/large bs=1M count=1024'
    const filled = await base.sh(fill)
    filled.unwrap()
    await base.stop()
    const root = await base.snapshot()
    await base.remove()
    const store = await engine.store()
    await using parent = await engine.create({ from: root, writable: { on: 'disk' } })
    const made = (await parent.sh('stat -c %s /large; echo mine > /mine')).unwrap()
    expect(made.stdout).to.equal('1073741824\n')
    await parent.stop()
    const former = (await store.usage()).bytes
    expect(former).to.be.greaterThan(1 << 30)
    const times: number[] = []
    // the budget is of an idle machine; where this one is busy with others, it has more chances of a moment without them
    for (let i = 0; i < 21 || (i < 200 && Math.min(...times) >= BUDGET_MS); i++) {
      const start = performance.now()
      const fork = await parent.fork()
      times.push(performance.now() - start)
      if (i === 0) {
        const seen = (await fork.sh('cat /mine; stat -c %s /large')).unwrap()
        expect(seen.stdout).to.equal('mine\n1073741824\n')
        expect((await store.usage()).bytes - former).to.be.lessThan(100_000)
      }
      await fork.remove()
    }
    times.sort((a, b) => a - b)
    const [fastest = NaN, median = NaN] = [times[0], times[times.length >> 1]]
    console.log(`      fork: median ${median.toFixed(1)} ms, fastest ${fastest.toFixed(1)} ms`)
    expect(fastest).to.be.lessThan(BUDGET_MS)
    await root.delete()
  })
})
