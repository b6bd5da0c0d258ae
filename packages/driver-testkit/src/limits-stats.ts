import assert from 'node:assert/strict'
import type { ContainerStats } from '@caisson/core'
import type { LimitsTest } from './limits-bench.js'

const SAMPLES = 50

/** Works in user mode and in the kernel. */
const WORK = 'while :; do n=0; while [ $n -lt 3000 ]; do n=$((n+1)); done; (:); done'

/** Counters that can only grow. */
function growing({ cpu, memory, pids }: ContainerStats): readonly (number | undefined)[] {
  return [cpu.usageNs, cpu.periods, memory.peak, memory.events?.oomKill, pids.peak, pids.refused]
}

function assertGrowing(samples: readonly ContainerStats[]): void {
  for (const [index, sample] of samples.entries()) {
    const before = index === 0 ? undefined : samples[index - 1]
    if (before === undefined) continue
    const last = growing(before)
    for (const [which, value] of growing(sample).entries()) {
      const old = last[which]
      if (value !== undefined && old !== undefined) {
        assert.ok(value >= old, `counter ${which} fell from ${old} to ${value}`)
      }
    }
    assert.ok(sample.timeMs >= before.timeMs)
  }
}

export const statsTests: readonly LimitsTest[] = [
  {
    number: 10,
    title: `${SAMPLES} statistics of a busy container: counters only grow, user + system is the sum within 5 %`,
    features: ['stats'],
    async run(bench) {
      bench.needs()
      await using container = await bench.create({})
      const exec = container.sh(WORK)
      await exec.pid
      const samples: ContainerStats[] = []
      for await (const sample of container.statsStream({ interval: '20ms' })) {
        samples.push(sample)
        if (samples.length === SAMPLES) break
      }
      assertGrowing(samples)
      const [first, last] = [samples[0], samples.at(-1)]
      assert.ok((last?.cpu.usageNs ?? 0) > (first?.cpu.usageNs ?? 0), 'it was busy meanwhile')
      const { usageNs, userNs, systemNs } = last?.cpu ?? {}
      if (usageNs !== undefined && userNs !== undefined && systemNs !== undefined) {
        assert.ok(
          Math.abs(userNs + systemNs - usageNs) <= 0.05 * usageNs,
          JSON.stringify(last?.cpu),
        )
      }
      await container.stop()
      await exec
    },
  },
  {
    number: 23,
    title: 'two containers of one limiter side by side: each counts its own',
    features: ['stats', 'account'],
    async run(bench) {
      bench.needs()
      await using busy = await bench.create({})
      await using quiet = await bench.create({})
      const work = 'n=0; while [ $n -lt 500000 ]; do n=$((n+1)); done; echo done >/tmp/file'
      const [hard, easy] = await Promise.all([busy.sh(work), quiet.sh('true')])
      assert.ok(hard.ok && easy.ok)
      assert.ok(hard.usage.cpuMs > 3 * easy.usage.cpuMs, `${hard.usage.cpuMs} ${easy.usage.cpuMs}`)
      const [one, other] = await Promise.all([busy.stats(), quiet.stats()])
      assert.ok((one.cpu.usageNs ?? 0) >= 0.9e6 * hard.usage.cpuMs, 'a container has its commands')
      assert.ok((one.cpu.usageNs ?? 0) > 3 * (other.cpu.usageNs ?? 0), 'and no others')
      const memory = await bench.run('dd if=/dev/zero of=/dev/null bs=32M count=1', {})
      assert.ok(memory.usage.peakMemory > 30 << 20)
      assert.ok(((await quiet.stats()).memory.peak ?? 0) < 30 << 20)
    },
  },
]
