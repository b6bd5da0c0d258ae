import { spawnSync } from 'node:child_process'
import assert from 'node:assert/strict'
import { Conversation } from './conversation.js'
import type { LimitsTest } from './limits-bench.js'

/** Starts children until it may not, and says how many there are each time. */
const COUNT = 'n=0; while [ $n -lt 100 ]; do sleep 1000 & n=$((n+1)); echo $n; done'

export const pidsTests: readonly LimitsTest[] = [
  {
    number: 4,
    title: '16 processes allowed: a shell starts exactly 15 children, then EAGAIN; the peak is 16',
    limits: ['pids'],
    async run(bench) {
      bench.needs('pids')
      await using container = await bench.create({ pids: 16 })
      const result = await container.sh(COUNT)
      assert.equal(result.stdout.trim().split('\n').at(-1), '15')
      assert.match(result.stderr, /Resource temporarily unavailable/)
      assert.equal(result.reason, 'pids')
      if (!bench.has('stats')) return
      const { pids } = await container.stats()
      assert.equal(pids.current, 15, 'the children are still there')
      if (pids.peak !== undefined) assert.equal(pids.peak, 16)
      if (pids.refused !== undefined) assert.ok(pids.refused >= 1)
    },
  },
  {
    number: 4,
    title: 'a fork bomb among 16 processes: the host can fork, and it can be ended',
    limits: ['pids'],
    async run(bench) {
      bench.needs('pids')
      // of no more than 2^8 processes: one that no limit stops must not hurt the host
      const bomb =
        'b() { [ $1 -gt 7 ] || { b $(($1+1)) | b $(($1+1)) & }; }; b 0; while :; do sleep 1; done'
      const result = await bench.run(bomb, { pids: 16 }, { timeout: '1s' })
      assert.ok(['wall-time', 'pids'].includes(result.reason), result.reason)
      assert.equal(spawnSync('/bin/true').status, 0)
      assert.ok((await bench.run('true', { pids: 16 })).ok)
    },
  },
  {
    number: 9,
    title: 'processes lowered below those that run: none is killed, and none may be started',
    limits: ['pids'],
    features: ['update'],
    async run(bench) {
      bench.needs('pids')
      await using container = await bench.create({ pids: 32 })
      const children = 'n=0; while [ $n -lt 12 ]; do sleep 1000 & n=$((n+1)); done'
      const script = `${children}; echo ready; read x; set -- /proc/[0-9]*; echo $#; sleep 0; echo over`
      const talk = new Conversation(container.sh(script, { stdin: 'pipe' }))
      await talk.until('ready')
      const { notes, effective } = await container.update({ pids: 5 })
      assert.equal(effective.pids, 5)
      assert.ok(notes.length > 0, 'it says that more are running')
      talk.end('go on\n')
      // its shell, twelve children, and pid 1
      await talk.until('14')
      const result = await talk.exec
      assert.match(result.stderr, /Resource temporarily unavailable/)
    },
  },
]
