import assert from 'node:assert/strict'
import type { ExecResult } from '@caisson/core'
import { Conversation } from './conversation.js'
import { errorOf, type LimitsBench, type LimitsTest } from './limits-bench.js'

const MIB = 1 << 20

/** Takes that much memory, all of it touched. */
const take = (mib: number): string =>
  `dd if=/dev/zero of=/dev/null bs=${mib * MIB} count=1 2>/dev/null`

/** Holds about 32 MiB of its own until it is told to end. */
const HOLD = `x=$(head -c ${32 * MIB} /dev/zero | tr '\\0' x); echo ready; read y; echo alive`

function peakBetween({ usage }: ExecResult, least: number, most: number): void {
  const mib = usage.peakMemory / MIB
  assert.ok(mib >= least && mib <= most, `a peak of ${mib} MiB, not ${least} to ${most}`)
}

async function survivor(bench: LimitsBench, oomGroup: boolean | undefined): Promise<ExecResult> {
  const group = oomGroup === undefined ? {} : { oomGroup }
  return bench.run(`${take(200)}; echo survivor`, { memory: { max: '64MiB', ...group } })
}

export const memoryTests: readonly LimitsTest[] = [
  {
    number: 1,
    title: '64 MiB allowed, 200 wanted: SIGKILL, reason oom, a kill counted, peak 60 to 64 MiB',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory')
      const result = await bench.run(`exec ${take(200)}`, { memory: '64MiB' })
      assert.equal(result.signal, 'SIGKILL')
      assert.equal(result.reason, 'oom')
      assert.ok((result.oomKills ?? 0) >= 1, `${String(result.oomKills)} kills`)
      assert.ok(result.enforced.includes('memory'))
      peakBetween(result, 60, 64.1)
    },
  },
  {
    number: 1,
    title: '64 MiB of addresses allowed, 200 wanted: the allocation fails, and it is no oom',
    limits: ['addressSpace'],
    async run(bench) {
      bench.needs('addressSpace')
      const result = await bench.run(`${take(200)} || exit 3`, { addressSpace: '64MiB' })
      assert.equal(result.exitCode, 3)
      assert.equal(result.reason, 'exit')
      assert.ok((result.oomKills ?? 0) === 0)
    },
  },
  {
    number: 2,
    title: '64 MiB allowed, 40 wanted: code 0, no kill counted',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory')
      const result = await bench.run(`exec ${take(40)}`, { memory: '64MiB' })
      assert.ok(result.ok, `${result.reason} ${String(result.signal)}`)
      assert.equal(result.oomKills, 0)
      peakBetween(result, 38, 64.1)
    },
  },
  {
    number: 3,
    title: 'a child of a shell runs out of memory, one is killed: survivor, 1 kill, reason exit',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory')
      // where nobody can choose, one process is what is killed
      const oomGroup = bench.lacks('memory.oomGroup') === undefined ? false : undefined
      const result = await survivor(bench, oomGroup)
      assert.equal(result.stdout, 'survivor\n')
      assert.equal(result.reason, 'exit')
      assert.equal(result.exitCode, 0)
      assert.equal(result.oomKills, 1)
    },
  },
  {
    number: 3,
    title: 'a child of a shell runs out of memory, all are killed (oomGroup): SIGKILL, reason oom',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory', 'memory.oomGroup')
      const result = await survivor(bench, true)
      assert.equal(result.signal, 'SIGKILL')
      assert.equal(result.reason, 'oom')
      assert.equal(result.stdout, '')
    },
  },
  {
    number: 8,
    title: 'memory lowered below what is in use: refused, and alive; taken back; or killed',
    limits: ['memory'],
    features: ['update'],
    async run(bench) {
      bench.needs('memory')
      await using container = await bench.create({ memory: '256MiB' })
      const talk = new Conversation(container.sh(HOLD, { stdin: 'pipe' }))
      await talk.until('ready')
      for (const belowUsage of ['reject', 'reclaim'] as const) {
        const error = await errorOf(container.update({ memory: '8MiB' }, { belowUsage }))
        assert.equal(error.code, 'ERR_LIMIT_BELOW_USAGE', belowUsage)
        assert.equal(bench.lease(container).effective?.memory?.max, 256 * MIB, 'nothing changed')
      }
      talk.end('go on\n')
      await talk.until('alive')
      assert.ok((await talk.exec).ok, 'it was left alone')
      const second = new Conversation(container.sh(HOLD, { stdin: 'pipe' }))
      await second.until('ready')
      const killed = await container.update({ memory: '8MiB' }, { belowUsage: 'kill' })
      assert.equal(killed.effective.memory?.max, 8 * MIB)
      assert.equal((await second.exec).reason, 'oom')
      assert.ok((await container.sh('true')).ok, 'the container stands')
    },
  },
  {
    number: 14,
    title: 'ten that run out of memory one after another: ten reported, and ten events',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory')
      await using container = await bench.create({ memory: '32MiB' })
      let events = 0
      if (bench.has('watch')) container.on('oom', () => events++)
      for (let n = 0; n < 10; n++) {
        const result = await container.sh(`exec ${take(100)}`)
        assert.equal(result.reason, 'oom', `number ${n}: ${String(result.signal)}`)
        assert.equal(result.oomKills, 1, `number ${n}`)
      }
      if (bench.has('watch')) await bench.until('ten events', () => events >= 10)
      assert.ok(events <= 10, `${events} events`)
    },
  },
  {
    number: 15,
    title: 'the limit is only on the container: its command still ends with reason oom',
    limits: ['memory'],
    features: ['account'],
    async run(bench) {
      bench.needs('memory')
      await using container = await bench.create({ memory: '32MiB' })
      const fine = await container.sh(`exec ${take(8)}`)
      assert.ok(fine.ok && fine.oomKills === 0)
      const result = await container.sh(`exec ${take(100)}`)
      assert.equal(result.reason, 'oom')
      assert.equal(result.oomScope, 'self')
    },
  },
]
