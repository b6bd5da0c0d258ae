// What it costs to start a command that only exits: `npm run bench -- [--rounds 200] [--ballast MB] [--json] [--assert]`.
// Every round runs each variant once, in an order of its own: a busy second of the machine hits all of them alike, and so
// does what one leaves to the kernel to clean up while the next one runs. Times in microseconds.
import { parseArgs } from 'node:util'
import { summarise } from './percentiles.mjs'
import { variants } from './variants.mjs'
import { makeWorkplace } from './workplace.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    warmup: { type: 'string', default: '10' },
    ballast: { type: 'string' },
    json: { type: 'boolean', default: false },
    assert: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const warmup = Number(values.warmup)
// Without the option both are measured: a small Node and one that holds 600 MB.
const ballasts = values.ballast === undefined ? [0, 600] : [Number(values.ballast)]

async function prepareRows(workplace) {
  const rows = []
  for (const variant of variants) {
    const row = { name: variant.name, from: variant.from, samples: [] }
    try {
      row.runner = await variant.prepare(workplace)
      await row.runner.once()
    } catch (error) {
      await row.runner?.stop()
      row.runner = undefined
      row.absent = error.message
    }
    rows.push(row)
  }
  return rows
}

// The same orders in every run of the benchmark.
function makeShuffle() {
  let state = 1
  const draw = (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  return (list) => {
    for (let i = list.length - 1; i > 0; i--) {
      const j = draw(i + 1)
      ;[list[i], list[j]] = [list[j], list[i]]
    }
    return list
  }
}

async function measure(rows) {
  const present = rows.filter((row) => row.runner)
  const shuffle = makeShuffle()
  for (let round = 0; round < warmup + rounds; round++) {
    for (const row of shuffle([...present])) {
      const time = await row.runner.once()
      if (round >= warmup) row.samples.push(time)
    }
  }
  return present.map(({ name, from, samples }) => ({ name, from, ...summarise(samples) }))
}

function print(results, rows, ballast) {
  const spawned = results.find(({ name }) => name.startsWith('child_process'))
  const ours = results.find(({ name }) => name === 'engine.run')
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20)
  console.log(`\nNode holds ${rss} MB (${ballast} MB of Buffers); ${rounds} rounds; microseconds\n`)
  const head = ['', 'from', 'p10', 'p50', 'p99', 'x spawn', 'x engine.run']
  const lines = results.map((row) => [
    row.name,
    row.from,
    ...[row.p10, row.p50, row.p99].map((value) => value.toFixed(0)),
    (row.p50 / spawned.p50).toFixed(2),
    ours === undefined ? '' : (row.p50 / ours.p50).toFixed(2),
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i].length)))
  for (const line of [head, ...lines]) {
    console.log(
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    )
  }
  for (const { name, absent } of rows) if (absent) console.log(`${name}: left out: ${absent}`)
}

// What this benchmark exists to keep true; the ratios leave room for a noisy machine.
function broken(results) {
  const ours = results.find(({ name }) => name === 'engine.run')
  const slower = ['child_process', 'bwrap', 'crun', 'runc']
  if (ours === undefined) return ['engine.run could not be measured']
  return results
    .filter(({ name }) => slower.some((start) => name.startsWith(start)))
    .filter(({ p50 }) => ours.p50 >= p50)
    .map(
      ({ name, p50 }) =>
        `engine.run (${ours.p50.toFixed(0)}) is not faster than ${name} (${p50.toFixed(0)})`,
    )
}

const report = []
for (const megabytes of ballasts) {
  const workplace = makeWorkplace()
  try {
    const ballast = Array.from({ length: megabytes }, () => Buffer.alloc(2 ** 20, 1))
    const rows = await prepareRows(workplace)
    const results = await measure(rows)
    if (!values.json) print(results, rows, ballast.length)
    report.push({ ballastMb: ballast.length, rounds, results })
    for (const row of rows) await row.runner?.stop()
  } finally {
    workplace.remove()
  }
}
if (values.json) console.log(JSON.stringify(report, null, 2))
if (values.assert) {
  const complaints = report.flatMap(({ results }) => broken(results))
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length > 0) process.exitCode = 1
}
