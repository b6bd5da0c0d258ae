// What containers cost by the way that their root is made writable: `node bench/store/copies.mjs [--rounds 5] [--megabytes 1024]
// [--directory DIR]`, or by bench/store.mjs. DIR: where root and store are to be; on btrfs or xfs, `reflink` is measured too.
// Times are of whole calls of the API, in ms. Rounds of all ways are taken in turn.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEngine } from 'caisson'
import { percentile } from '../percentiles.mjs'
import { printTable } from '../table.mjs'

const FILES = 10_000

function openEngine(place, from, copyOnWrite) {
  const [dataDir, stateDir] = [join(place, 'data'), join(place, 'state')]
  return createEngine({ from, copyOnWrite, dataDir, stateDir })
}

/** A busybox with so much below it, in many files. */
async function makeRoot(place, megabytes) {
  const engine = await openEngine(place, 'busybox:', 'auto')
  await engine.run(['true'])
  await engine[Symbol.asyncDispose]()
  const data = join(place, 'data')
  const made = readdirSync(data, { recursive: true, encoding: 'utf8' })
  const busybox = made.find((path) => path.endsWith('/bin/busybox'))
  const root = join(place, 'root')
  cpSync(join(data, busybox, '../..'), root, { recursive: true, verbatimSymlinks: true })
  const content = Buffer.alloc(Math.ceil((megabytes * 1024 * 1024) / FILES), 7)
  for (let n = 0; n < FILES; n++) {
    const directory = join(root, 'many', String(n % 100))
    if (n < 100) mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, String(n)), content)
  }
  return root
}

async function timed(times, name, use) {
  const start = performance.now()
  const value = await use()
  times[name] ??= []
  times[name].push(performance.now() - start)
  return value
}

async function drain(changes) {
  for await (const change of changes) if (change.path === '') throw new Error('a change of nothing')
}

async function round(engine, times) {
  const container = await timed(times, 'start', () => engine.create({ writable: { on: 'disk' } }))
  ;(await container.sh('rm -r /many/7; echo x > /many/8/8')).unwrap()
  await timed(times, 'changes()', () => drain(container.changes()))
  const snapshot = await timed(times, 'snapshot()', () => container.snapshot({ live: 'as-is' }))
  await snapshot.delete()
  await timed(times, 'remove()', () => container.remove())
}

export async function main(args = []) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      megabytes: { type: 'string', default: '1024' },
      directory: { type: 'string', default: tmpdir() },
    },
  })
  const place = mkdtempSync(join(values.directory, 'caisson-copies-'))
  try {
    const root = await makeRoot(place, Number(values.megabytes))
    const engines = {}
    const times = {}
    const looking = await openEngine(place, `dir:${root}`, 'auto')
    const { ways } = (await looking.doctor()).writes.disk
    await looking[Symbol.asyncDispose]()
    for (const [way, { ok }] of Object.entries(ways))
      if (ok) engines[way] = await openEngine(place, `dir:${root}`, way)
    for (let n = 0; n < Number(values.rounds); n++)
      for (const [way, engine] of Object.entries(engines)) await round(engine, (times[way] ??= {}))
    for (const engine of Object.values(engines)) await engine[Symbol.asyncDispose]()
    const names = Object.keys(Object.values(times)[0])
    console.log(
      `a root of ${values.megabytes} MB in ${FILES} files, median of ${values.rounds}, ms`,
    )
    const row = (way) =>
      names.map((name) =>
        percentile(
          times[way][name].toSorted((a, b) => a - b),
          0.5,
        ).toFixed(1),
      )
    printTable([['way', ...names], ...Object.keys(times).map((way) => [way, ...row(way)])], 1)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2))
