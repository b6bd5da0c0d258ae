import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { HostDeed } from './limiter-host.js'
import { processesWith } from './host-state.js'
import type { LimitsBench, LimitsTest } from './limits-bench.js'
import { skipForced } from './test-api.js'

const program = fileURLToPath(new URL('./limiter-host.js', import.meta.url))
/** Nobody: an id without a name and without rights. */
const NOBODY = 65_534

interface HostAnswer {
  readonly ok?: boolean
  readonly code?: string
  readonly missing?: readonly { readonly what: string; readonly fix: string }[]
}

function start(
  bench: LimitsBench,
  deed: HostDeed,
  marker: string,
  uid?: number,
): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const args = [program, bench.module ?? '', bench.root.path, deed, marker]
  const ids = uid === undefined ? {} : { uid, gid: uid, cwd: '/' }
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], ...ids })
}

/** Its first line; undefined when it ends without one. */
async function answerOf(child: ReturnType<typeof start>): Promise<HostAnswer | undefined> {
  for await (const line of createInterface({ input: child.stdout })) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- limiter-host.ts prints it
    return JSON.parse(line) as HostAnswer
  }
  return undefined
}

export const processTests: readonly LimitsTest[] = [
  {
    number: 16,
    title:
      'its process is killed by SIGKILL: containers are dead, and the next start removes the groups',
    module: true,
    async run(bench) {
      bench.needs()
      const marker = `caisson-kit-${randomUUID()}`
      const child = start(bench, 'hold', marker)
      const ended = once(child, 'exit')
      assert.ok((await answerOf(child)) !== undefined, 'it has containers')
      assert.ok(processesWith(marker).length >= 2)
      child.kill('SIGKILL')
      await ended
      // the client's own command line has the marker too, and is gone
      await bench.until('no process is left', () => processesWith(marker).length === 0)
      const next = start(bench, 'run', marker)
      const nextEnded = once(next, 'exit')
      assert.equal((await answerOf(next))?.ok, true)
      await nextEnded
      assert.deepEqual(bench.groups(child.pid), [])
    },
  },
  {
    number: 17,
    title:
      'a thread with an engine of its own ends: containers of this one live, and keep their groups',
    module: true,
    async run(bench) {
      bench.needs()
      await using container = await bench.create(bench.harmless)
      const exec = container.exec('/bin/cat', [], { stdin: 'pipe' })
      await exec.pid
      const workerData = [bench.module, bench.root.path, 'run']
      const worker = new Worker(program, { workerData })
      const exited = once(worker, 'exit')
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- limiter-host.ts posts it
      const [answer] = (await once(worker, 'message')) as [HostAnswer]
      assert.equal(answer.ok, true)
      await exited
      assert.ok((await container.exec('/bin/true')).ok)
      if (bench.has('stats')) await container.stats()
      if (bench.lacks('memory') === undefined) {
        assert.equal(bench.lease(container).effective?.memory?.max, 64 << 20)
      }
      exec.stdin.end('x')
      assert.equal((await exec).stdout, 'x')
    },
  },
  {
    number: 21,
    title:
      'without rights: it works, or its probe says what to do and it is refused as a lack of delegation',
    module: true,
    async run(bench) {
      const uid = process.getuid?.() === 0 ? NOBODY : undefined
      const child = start(bench, 'acquire', '', uid)
      const answer = await answerOf(child)
      if (answer === undefined) skipForced('another user cannot read this checkout')
      if (answer.ok === true) {
        assert.equal(answer.code, undefined, 'what the probe promises can be had')
        return
      }
      assert.ok((answer.missing ?? []).every(({ what, fix }) => what !== '' && fix !== ''))
      // a host that has nothing of the kind lacks more than rights
      const codes = ['ERR_LIMIT_DELEGATION', 'ERR_UNSUPPORTED']
      assert.ok(codes.includes(answer.code ?? ''), `${answer.code}, none of ${codes.join(', ')}`)
    },
  },
]
