import assert from 'node:assert/strict'
import type { ErrorCode, LimitKey, Limits } from '@caisson/core'
import { errorOf, type LimitsBench, type LimitsTest } from './limits-bench.js'

/** What no host can give: the limit, the codes it may be refused by, and the field named. */
const IMPOSSIBLE: readonly {
  readonly key: LimitKey
  /** Fields without which, by the probe, it is refused for another reason. */
  readonly needs?: string
  readonly limits: Limits
  readonly codes: readonly ErrorCode[]
}[] = [
  { key: 'memory', limits: { memory: 4096 }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'memory', limits: { memory: { swap: '1MiB' } }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'pids', limits: { pids: 0 }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'pids', limits: { pids: 5_000_000 }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'cpu', limits: { cpu: { max: 0.5, period: '2s' } }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'cpu', limits: { cpu: { max: 0.5, period: '1ms' } }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'cpu', limits: { cpu: { max: 0.5, burst: '80ms' } }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'cpu', limits: { cpu: { weight: 10_001 } }, codes: ['ERR_LIMIT_RANGE'] },
  {
    key: 'cpu',
    needs: 'cpu.set',
    limits: { cpu: { set: '8000' } },
    codes: ['ERR_LIMIT_RANGE', 'ERR_LIMIT'],
  },
  {
    key: 'cpu',
    needs: 'cpu.mems',
    limits: { cpu: { mems: '1000' } },
    codes: ['ERR_LIMIT_RANGE', 'ERR_LIMIT'],
  },
  {
    key: 'io',
    needs: 'io',
    limits: { io: { devices: [{ device: '999:999', readBps: '1MiB' }] } },
    codes: ['ERR_LIMIT_DEVICE'],
  },
  {
    key: 'io',
    needs: 'io',
    limits: { io: { devices: [{ device: '/proc', readBps: '1MiB' }] } },
    codes: ['ERR_LIMIT_DEVICE'],
  },
  {
    key: 'hugetlb',
    needs: 'hugetlb',
    limits: { hugetlb: { '3MB': '3MiB' } },
    codes: ['ERR_UNSUPPORTED', 'ERR_LIMIT_RANGE'],
  },
  { key: 'openFiles', limits: { openFiles: 2 ** 31 }, codes: ['ERR_LIMIT_RANGE'] },
  { key: 'stack', limits: { stack: 1 }, codes: ['ERR_LIMIT_RANGE'] },
]

async function refuse(bench: LimitsBench): Promise<number> {
  let tried = 0
  for (const { key, needs = key, limits, codes } of IMPOSSIBLE) {
    if (!bench.driver.limits.includes(key) || bench.lacks(needs) !== undefined) continue
    for (const work of [() => bench.run('true', limits), () => bench.create(limits)]) {
      const error = await errorOf(work())
      const context = `${JSON.stringify(limits)}: ${error.message}`
      assert.ok(
        codes.includes(error.code),
        `${error.code}, none of ${codes.join(', ')}: ${context}`,
      )
      assert.ok(
        error.field?.startsWith(`limits.${key}`),
        `field ${String(error.field)}: ${context}`,
      )
      assert.ok((error.fix ?? '') !== '', context)
    }
    tried++
  }
  return tried
}

export const refusalTests: readonly LimitsTest[] = [
  {
    number: 20,
    title: 'what no host can give is refused by code, field and fix, and nothing is left of it',
    async run(bench) {
      bench.needs()
      assert.ok((await bench.run('true', {})).ok)
      const before = bench.groups()
      assert.ok((await refuse(bench)) > 0, 'the list has something for each limiter')
      assert.ok(bench.groups().length <= before.length, bench.groups().join(', '))
      assert.ok((await bench.run('true', {})).ok)
    },
  },
  {
    number: 22,
    title: 'a command cannot write its own limits, nor mount what it could write them by',
    async run(bench) {
      bench.needs()
      await using container = await bench.create(bench.harmless)
      const script = `for f in $(find / -xdev \\( -name 'memory.*' -o -name 'pids.max' -o -name 'cgroup.procs' -o -name tasks \\) 2>/dev/null | grep -v ^/proc/); do
          (echo 0 > $f) 2>/dev/null && echo "wrote $f"; done
        mkdir -p /tmp/m; for t in cgroup cgroup2; do mount -t $t -o memory none /tmp/m 2>/dev/null && echo "mounted $t"
          mount -t $t none /tmp/m 2>/dev/null && echo "mounted $t"; done
        for f in /sys/fs/cgroup/*; do [ -w $f ] && echo "may write $f"; done
        [ $(ulimit -n) = 64 ] && ulimit -n 128 2>/dev/null && echo "raised it"
        cat /proc/self/cgroup; ulimit -n`
      const { stdout } = await container.sh(script)
      for (const word of ['wrote', 'mounted', 'may write'])
        assert.ok(!stdout.includes(word), stdout)
      assert.ok(!/caisson-\d+-/.test(stdout), `it sees where the host has it: ${stdout}`)
      if (bench.lacks('memory') === undefined) {
        assert.equal(bench.lease(container).effective?.memory?.max, 64 << 20)
      }
      if ('openFiles' in bench.harmless) assert.match(stdout, /^64$/m)
    },
  },
]
