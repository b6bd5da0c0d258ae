import assert from 'node:assert/strict'
import type { LimitsTest } from './limits-bench.js'

const STOPPED_MS = 500

export const freezeTests: readonly LimitsTest[] = [
  {
    number: 11,
    title: `frozen for ${STOPPED_MS} ms: no CPU time; thawed: it goes on; killed while frozen: dead`,
    features: ['freeze', 'stats'],
    async run(bench) {
      bench.needs()
      const container = await bench.create({})
      const used = async (): Promise<number> => (await container.stats()).cpu.usageNs ?? 0
      try {
        const exec = container.sh('exec sh -c "while :; do :; done"')
        await exec.pid
        const start = await used()
        await bench.until('it is busy', async () => (await used()) > start)
        await container.pause()
        const frozen = await used()
        await new Promise((resolve) => setTimeout(resolve, STOPPED_MS))
        assert.equal(await used(), frozen, 'CPU time while frozen')
        await container.resume()
        await bench.until('it goes on', async () => (await used()) > frozen)
        await container.pause()
        const killing = performance.now()
        await container.stop()
        assert.equal((await exec).reason, 'killed')
        assert.ok(performance.now() - killing < 10_000, 'at once, on a machine as loaded as any')
      } finally {
        await container.remove()
      }
    },
  },
]
