// Nothing stays: kills processes that hold containers at random instants, and looks what is left.
// `node scripts/soak.mjs [--rounds 500] [--seed 1] [--json]`. Two rounds of three kill Node, the third one its launcher.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createEngine } from 'caisson'
import {
  alive,
  differences,
  processesWith,
  orphanedProcesses,
  takeStock,
  treeOf,
} from './soak/host-state.mjs'
import { seeded } from './soak/seeded.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
const random = seeded(seed)
const deadlineMs = 1000
const patienceMs = 20_000

// Root could leave mounts on the host. Those of others come and go, so this looks at a mount namespace of its own.
if (process.getuid() === 0 && process.env.CAISSON_SOAK_INSIDE === undefined) {
  const self = [process.execPath, ...process.argv.slice(1)]
  const inside = spawnSync('unshare', ['--mount', '--propagation', 'private', ...self], {
    stdio: 'inherit',
    env: { ...process.env, CAISSON_SOAK_INSIDE: '1' },
  })
  if (inside.error) throw inside.error
  process.exit(inside.status ?? 1)
}

// A launcher under a name of its own, where it does not run from a sealed copy (instrumented): it is found by that.
const place = mkdtempSync(join(tmpdir(), 'caisson-soak-'))
chmodSync(place, 0o755)
const marker = place.split('-').at(-1)
const built = new URL('../packages/launcher/build/caisson-launcher', import.meta.url)
const launcher = join(place, 'caisson-launcher')
copyFileSync(process.env.CAISSON_LAUNCHER ?? fileURLToPath(built), launcher)
process.env.CAISSON_LAUNCHER = launcher
const stateDir = join(place, 'state')
mkdirSync(stateDir, { mode: 0o700 })

/** Those of others; none may be started beside the soak. */
const sealedBefore = new Set(orphanedProcesses())

function startWorker(round) {
  const program = fileURLToPath(new URL('soak-worker.mjs', import.meta.url))
  const args = [program, String(seed * 1_000_003 + round), stateDir, marker]
  const worker = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const said = []
  worker.stderr.on('data', (data) => said.push(data))
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]()
  const exited = once(worker, 'exit')
  return { worker, lines, exited, complaint: () => Buffer.concat(said).toString() }
}

/** Waits until no process of the soak is left; says how long that took. */
async function untilGone(tree) {
  const from = performance.now()
  for (;;) {
    const sealed = orphanedProcesses().filter((one) => !sealedBefore.has(one))
    const left = [...alive(tree).map(({ pid }) => pid), ...processesWith(marker), ...sealed]
    const tookMs = performance.now() - from
    if (left.length === 0) return tookMs
    if (tookMs > deadlineMs) throw new Error(`${left.length} processes live: ${left.join(' ')}`)
    await sleep(2)
  }
}

/** The next engine's start sweeps. */
async function sweep() {
  const engine = await createEngine({ stateDir })
  const { ok } = await engine.run(['true'])
  await engine[Symbol.asyncDispose]()
  if (!ok) throw new Error('the next engine does not work')
}

async function killNode(round) {
  const { worker, lines, exited, complaint } = startWorker(round)
  // one of ten before it is ready
  if (random() < 0.1) await sleep(random() * 200)
  else {
    const { done } = await lines.next()
    if (done === true) throw new Error(`the worker did not start: ${complaint()}`)
    await sleep(random() * 400)
  }
  const tree = treeOf(worker.pid)
  worker.kill('SIGKILL')
  await exited
  if (complaint() !== '') throw new Error(`the worker complained: ${complaint()}`)
  return { processes: tree.length, goneMs: await untilGone(tree) }
}

async function killLauncher(round) {
  const { worker, lines, exited, complaint } = startWorker(round)
  const first = await lines.next()
  if (first.done === true) throw new Error(`the worker did not start: ${complaint()}`)
  const { launcher: pid } = JSON.parse(first.value)
  await sleep(random() * 400)
  const tree = treeOf(pid)
  process.kill(pid, 'SIGKILL')
  const lost = await untilDead(tree)
  worker.stdin.end('the launcher is dead\n')
  // whoever waits for the dead launcher waits for ever
  const patience = setTimeout(() => worker.kill('SIGKILL'), patienceMs)
  const last = await lines.next()
  clearTimeout(patience)
  const [code] = await exited
  if (code !== 0 || last.done === true) {
    throw new Error(`the engine did not go on: exit code ${code}: ${complaint()}`)
  }
  await untilGone([])
  return { processes: tree.length, goneMs: lost, seen: JSON.parse(last.value).seen }
}

async function untilDead(tree) {
  const from = performance.now()
  while (alive(tree).length > 0) {
    if (performance.now() - from > deadlineMs) {
      throw new Error(`its containers live: ${alive(tree).map(({ pid }) => pid)}`)
    }
    await sleep(2)
  }
  return performance.now() - from
}

const kinds = { node: [], launcher: [] }
const errors = {}
const failures = []
try {
  await sweep()
  const before = takeStock(stateDir)
  for (let round = 0; round < rounds; round++) {
    const kind = round % 3 === 2 ? 'launcher' : 'node'
    try {
      const report = await (kind === 'node' ? killNode(round) : killLauncher(round))
      kinds[kind].push(report)
      for (const [name, count] of Object.entries(report.seen ?? {})) {
        errors[name] = (errors[name] ?? 0) + count
      }
      await sweep()
      const left = differences(before, takeStock(stateDir))
      if (left.length > 0) throw new Error(left.join('\n'))
    } catch (error) {
      failures.push(`round ${round} (${kind}): ${error.message}`)
    }
  }
} finally {
  rmSync(place, { recursive: true, force: true })
}

const summary = { seed, rounds, failures }
for (const [kind, reports] of Object.entries(kinds)) {
  const times = reports.map(({ goneMs }) => goneMs).toSorted((a, b) => a - b)
  summary[kind] = {
    kills: reports.length,
    processesKilled: reports.reduce((sum, { processes }) => sum + processes, 0),
    goneMsMedian: Math.round(times[Math.floor(times.length / 2)] ?? 0),
    goneMsMost: Math.round(times.at(-1) ?? 0),
  }
}
summary.launcher.callersGot = errors
if (values.json) console.log(JSON.stringify(summary))
else {
  const { node, launcher: lost } = summary
  console.log(`seed ${seed}, ${rounds} rounds`)
  for (const [name, part] of Object.entries({ 'Node killed': node, 'launcher killed': lost })) {
    console.log(
      `${name}: ${part.kills} times, ${part.processesKilled} processes with it, gone after ` +
        `${part.goneMsMedian} ms (median), ${part.goneMsMost} ms (most)`,
    )
  }
  console.log(`callers got, when the launcher was killed: ${JSON.stringify(errors)}`)
  for (const failure of failures) console.error(failure)
  console.log(failures.length === 0 ? 'nothing was left' : `${failures.length} rounds failed`)
}
process.exitCode = failures.length === 0 ? 0 : 1
