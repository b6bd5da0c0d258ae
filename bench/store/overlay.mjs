// What snapshots, forks and roots of many directories cost: `node bench/store/overlay.mjs [--rounds 21]`, or by bench/store.mjs.
// Times are of whole calls of the API, in ms. Rounds of all ways are taken in turn.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createEngine } from 'caisson'
import { defineDriver } from '@caisson/core'
import { percentile } from '../percentiles.mjs'
import { printTable } from '../table.mjs'

const LEVELS = 64

/** `stack:<n>`: n directories over each other, the lowest of which is a root. */
function stackRootfs(place) {
  const lowers = (n) => Array.from({ length: n - 1 }, (_, i) => join(place, `s${i}`))
  return defineDriver({
    kind: 'rootfs',
    name: 'stack',
    apiVersion: 1,
    schemes: ['stack'],
    probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({
      schemes: ['stack'],
      lend: async ({ reference }) => ({
        key: `stack:${reference}`,
        parts: [{ at: '/', lowers: [...lowers(Number(reference)), join(place, 'base')] }],
        extras: [],
        masked: [],
        copyOnWrite: true,
        release: async () => {},
      }),
    }),
  })
}

function makeStack(place, data) {
  const made = readdirSync(data, { recursive: true, encoding: 'utf8' })
  const busybox = made.find((path) => path.endsWith('/bin/busybox'))
  const from = join(data, busybox, '../..')
  cpSync(from, join(place, 'base'), { recursive: true, verbatimSymlinks: true })
  for (let i = 0; i < 500; i++) {
    mkdirSync(join(place, `s${i}/in`), { recursive: true })
    writeFileSync(join(place, `s${i}/in/${i}`), '')
  }
}

async function timed(use) {
  const start = performance.now()
  const value = await use()
  return [performance.now() - start, value]
}

async function drain(changes) {
  for await (const change of changes) if (change.path === '') throw new Error('a change of nothing')
}

/** Containers that stand for the whole of a measurement. */
async function makeSubjects(engine) {
  const disk = { writable: { on: 'disk' } }
  const base = await engine.create(disk)
  // what a fork may not copy
  const large = 'fallocate -l 1073741824 /large || dd if=/dev/zero of=/large bs=1M count=1024'
  ;(await base.sh(large)).unwrap()
  await base.stop()
  const root = await base.snapshot()
  await base.remove()
  const write = 'mkdir /d; for i in $(seq 1000); do echo $i > /d/$i; done'
  const [stopped, live, chain] = [
    await engine.create({ ...disk, from: root }),
    await engine.create({ from: root }),
    await engine.create(),
  ]
  for (const container of [stopped, live]) (await container.sh(write)).unwrap()
  await stopped.stop()
  let top = chain
  for (let level = 1; level <= LEVELS; level++) {
    ;(await top.sh(`mkdir /l${level}; echo ${level} | tee /l${level}/a > /l${level}/b`)).unwrap()
    const next = await engine.create({ from: await top.snapshot({ live: 'as-is' }) })
    await top.remove()
    top = next
  }
  return { root, stopped, live, top }
}

const remove = (container) => container.remove()
const forget = (snapshot) => snapshot.delete()

/** Each is timed; what it gives is removed without. */
function waysOf(engine, { root, stopped, live, top }) {
  const asIs = { live: 'as-is' }
  const stack = (n) => [() => engine.create({ from: `stack:${n}` }), remove]
  return {
    create: [() => engine.create(), remove],
    'fork, stopped, 1 GB root': [() => stopped.fork(), remove],
    'fork, live, 1,000 files': [() => live.fork(), remove],
    'snapshot, live, 1,000 files': [() => live.snapshot(asIs), forget],
    'diff, 1,000 files': [() => drain(live.diff()), () => {}],
    'diff since the root': [() => drain(live.diff(root)), () => {}],
    'create on 1 directory': stack(1),
    'create on 100': stack(100),
    'create on 500': stack(500),
    'create on 64 snapshots': [() => top.fork(), remove],
    [`snapshot that squashes ${LEVELS} levels`]: [() => top.snapshot(asIs), forget],
  }
}

/** @returns rows of a name and its times in ms, sorted */
async function overlayBench({ rounds = 21 } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'caisson-bench-overlay-'))
  const data = join(scratch, 'data')
  const options = { from: 'busybox:', stateDir: join(scratch, 'state'), dataDir: data }
  const engine = await createEngine({ ...options, rootfs: [stackRootfs(scratch)] })
  try {
    await engine.run(['true'])
    makeStack(scratch, data)
    const ways = waysOf(engine, await makeSubjects(engine))
    const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
    for (let round = 0; round < rounds; round++)
      for (const [name, [use, undo]] of Object.entries(ways)) {
        const [ms, value] = await timed(use)
        times[name].push(ms)
        await undo(value)
      }
    return Object.entries(times).map(([name, all]) => [name, all.toSorted((a, b) => a - b)])
  } finally {
    const store = await engine.store()
    for (const { id } of store.snapshots.list()) await store.snapshots.delete(id)
    await engine[Symbol.asyncDispose]()
    const later = await createEngine(options)
    await later.prune()
    await later[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true, force: true })
  }
}

export async function main(options) {
  const head = ['', 'median ms', 'fastest', 'p90']
  const rows = (await overlayBench(options)).map(([name, sorted]) => [
    name,
    ...[percentile(sorted, 0.5), sorted[0], percentile(sorted, 0.9)].map((ms) => ms.toFixed(1)),
  ])
  printTable([head, ...rows], 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } })
  await main({ rounds: Number(values.rounds) })
}
