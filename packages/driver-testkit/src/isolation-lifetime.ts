import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Exec } from '@caisson/core'
import { rejection } from './expectations.js'
import { processesWith, readHostState } from './host-state.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'
import { until } from './until.js'

const PATIENCE_MS = 10_000
const LOOP = 'while :; do sleep 1000; done'

/**
 * A script that says `ready` when a tree of processes stands that is hard to find again: one in a session of its own, one
 * whose parent is gone, and one that is both. Each has the marker in its command line.
 */
function stubbornTree(marker: string): string {
  const loop = `sh -c "$LOOP" ${marker}`
  return `export LOOP='${LOOP}'
    ${loop} &
    setsid ${loop} &
    (${loop} &)
    setsid sh -c '(setsid ${loop} &)'
    echo ready; eval "$LOOP"`
}

/** Runs until the script says `ready`. */
async function untilReady(exec: Exec): Promise<void> {
  let seen = ''
  for await (const event of exec) {
    if (event.type === 'end')
      assert.fail(`ended before it was ready: ${JSON.stringify(event.result)}`)
    if (event.type !== 'stdout') continue
    seen += Buffer.from(event.data).toString()
    if (seen.includes('ready')) return
  }
}

/** Starts the tree, ends it in some way, and checks that nothing of it is left by then. */
async function endTree(
  bench: IsolationBench,
  reason: string,
  options: { timeout?: number; signal?: AbortSignal },
  end: (exec: Exec) => unknown,
): Promise<void> {
  const marker = `caisson-kit-${randomUUID()}`
  const exec = bench.engine.run(['/bin/sh', '-c', stubbornTree(marker)], options)
  await untilReady(exec)
  if (bench.local) assert.ok(processesWith(marker).length >= 4, 'the tree stands')
  await end(exec)
  const result = await exec
  assert.equal(result.reason, reason)
  assert.equal(result.ok, false)
  assert.deepEqual(processesWith(marker), [], 'no process is left')
}

const endings: readonly IsolationTest[] = [
  {
    title: 'kills the whole tree: double-forked children and other sessions too',
    run: (bench) => endTree(bench, 'killed', {}, (exec) => exec.kill('SIGKILL')),
  },
  {
    title: 'ends the whole tree when the time is up',
    run: (bench) => endTree(bench, 'wall-time', { timeout: 1000 }, () => undefined),
  },
  {
    title: 'ends the whole tree when the AbortSignal says so',
    run(bench) {
      const controller = new AbortController()
      const { signal } = controller
      return endTree(bench, 'aborted', { signal }, () => controller.abort())
    },
  },
  {
    title: 'starts nothing for an AbortSignal that is aborted already',
    async run(bench) {
      const signal = AbortSignal.abort()
      await rejection(bench.run(['/bin/true'], { signal }), 'ERR_ABORTED')
    },
  },
  {
    title: 'ends what a one-shot leaves in the background when its command ends',
    async run(bench) {
      const marker = `caisson-kit-${randomUUID()}`
      const script = `setsid sh -c '${LOOP}' ${marker} >/dev/null 2>&1 & sh -c '${LOOP}' ${marker} & exit 3`
      const result = await bench.run(['/bin/sh', '-c', script])
      assert.equal(result.exitCode, 3)
      assert.deepEqual(processesWith(marker), [])
    },
  },
  {
    title: 'delivers the signals it is asked to',
    async run(bench) {
      const script = 'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.05; done'
      const exec = bench.engine.run(['/bin/sh', '-c', script])
      await untilReady(exec)
      await exec.kill('SIGTERM')
      const result = await exec
      assert.equal(result.exitCode, 7)
      assert.equal(result.stdout, 'ready\ncaught\n')
    },
  },
]

const kept: readonly IsolationTest[] = [
  {
    title: 'keeps a container between commands: files stay, and processes go on',
    async run(bench) {
      await using container = await bench.create()
      const marker = `caisson-kit-${randomUUID()}`
      const script = `echo one > /tmp/file; sh -c '${LOOP}' ${marker} </dev/null >/dev/null 2>&1 &`
      assert.ok((await container.exec('/bin/sh', ['-c', script])).ok)
      assert.equal((await container.exec('/bin/cat', ['/tmp/file'])).stdout, 'one\n')
      // in the middle of its exec it has no arguments to be known by
      const look = `until ps | grep -q '[c]aisson-kit'; do sleep 0.02; done`
      const seen = await container.exec('/bin/sh', ['-c', look], { timeout: '10s' })
      assert.equal(seen.reason, 'exit')
      assert.equal(seen.exitCode, 0)
      await container.stop()
      assert.deepEqual(processesWith(marker), [])
    },
  },
  {
    title: 'gives every command of a kept container the same privileges as the first of a new one',
    async run(bench) {
      await using container = await bench.create()
      const fields = '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)'
      const script = `grep -E '${fields}' /proc/self/status; for n in mnt pid net ipc uts user; do [ -e /proc/self/ns/$n ] && echo $n; done`
      const inside = await container.exec('/bin/sh', ['-c', script])
      assert.equal(inside.stdout, `${(await bench.lines(script)).join('\n')}\n`)
    },
  },
  {
    title: 'ends a running command when its container is stopped',
    async run(bench) {
      await using container = await bench.create()
      const exec = container.exec('/bin/sh', ['-c', `echo ready; ${LOOP}`])
      await untilReady(exec)
      await container.stop()
      assert.equal((await exec).reason, 'killed')
    },
  },
  {
    title: 'stops and removes a container more than once, also at the same time',
    async run(bench) {
      const container = await bench.create()
      await Promise.all([container.stop(), container.stop(), container.remove()])
      await container.remove()
      await rejection(
        () => container.exec('/bin/true'),
        'ERR_CONTAINER_STATE',
        'ERR_CONTAINER_GONE',
        'ERR_DISPOSED',
      )
    },
  },
]

const many: readonly IsolationTest[] = [
  {
    title: 'runs fifty containers at once, each with its own output and files',
    async run(bench) {
      const script = 'echo $0 > /tmp/mine; cat > /dev/null; cat /tmp/mine; ls /tmp | wc -l'
      const numbers = Array.from({ length: 50 }, (_, index) => String(index))
      const results = await Promise.all(
        numbers.map((number) => bench.run(['/bin/sh', '-c', script, number], { stdin: number })),
      )
      assert.deepEqual(
        results.map((result) => result.stdout),
        numbers.map((number) => `${number}\n1\n`),
      )
    },
  },
  {
    title:
      'leaves no mount, process or descriptor after a hundred containers, failed ones among them',
    async run(bench) {
      bench.needsLocal()
      const round = async (): Promise<void> => {
        await bench.run(['/bin/true'])
        await bench.run(['/bin/nowhere'])
        await rejection(bench.run(['/bin/true'], { cwd: '/nowhere' }), 'ERR_CWD')
        const exec = bench.engine.run(['/bin/cat'], { stdin: 'pipe' })
        exec.stdin.end('x')
        assert.equal((await exec).stdout, 'x')
        await using container = await bench.create()
        assert.ok((await container.exec('/bin/true')).ok)
      }
      // Whatever is kept ready on purpose is there after the first rounds.
      for (let n = 0; n < 3; n++) await round()
      const before = readHostState()
      for (let n = 0; n < 20; n++) await round()
      // the last ones may be dying still
      const isLeft = (): string => {
        const after = readHostState()
        if (after.mounts.join() !== before.mounts.join()) return after.mounts.join('\n')
        return (['descendants', 'descriptors'] as const)
          .filter((what) => after[what] > before[what] + 2)
          .map((what) => `${what}: ${before[what]}, then ${after[what]}`)
          .join()
      }
      await until('nothing is left', () => isLeft() === '', PATIENCE_MS).catch(() =>
        assert.equal(isLeft(), ''),
      )
    },
  },
]

export const lifetimeTests: readonly IsolationTest[] = [...endings, ...kept, ...many]
