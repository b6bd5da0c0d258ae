// Containers per second with 1, 8 and 64 in flight: `node bench/throughput.mjs [--seconds 1] [--rounds 3] [--json] [--assert]`.
// Variants rotate inside every round. Those from C have a program of their own for each that is in flight, so that none of
// Node's cost is in their figures, which favours them.
import { parseArgs } from 'node:util'
import { percentile } from './percentiles.mjs'
import { printTable } from './table.mjs'
import { variants } from './variants.mjs'
import { makeWorkplace } from './workplace.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    assert: { type: 'boolean', default: false },
  },
})
const forMs = Number(values.seconds) * 1000
const rounds = Number(values.rounds)
const flights = [1, 8, 64]
// What the product promises at 8 in flight
const promises = { bwrap: 8, crun: 6, runc: 25 }

async function prepare(variant, workplace, inFlight) {
  const count = variant.from === 'C' ? inFlight : 1
  const runners = []
  try {
    for (let i = 0; i < count; i++) {
      const runner = await variant.prepare(workplace)
      runners.push(runner)
      await runner.once()
    }
  } catch (error) {
    for (const runner of runners) await runner.stop()
    throw error
  }
  return runners
}

async function perSecond(runners, inFlight) {
  const from = performance.now()
  let ended = 0
  const loop = async (_, i) => {
    const runner = runners[i % runners.length]
    while (performance.now() - from < forMs) {
      await runner.once()
      ended++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
  return (ended * 1000) / (performance.now() - from)
}

const chosen = variants.filter(({ name }) => !/execa|unshare \+/.test(name))
const rows = chosen.map(({ name, from }) => ({ name, from, samples: flights.map(() => []) }))
const workplace = makeWorkplace()
try {
  for (let round = 0; round < rounds; round++) {
    for (const [column, inFlight] of flights.entries()) {
      for (let i = 0; i < chosen.length; i++) {
        const at = (i + round) % chosen.length
        const row = rows[at]
        if (row.absent !== undefined) continue
        try {
          const runners = await prepare(chosen[at], workplace, inFlight)
          row.samples[column].push(await perSecond(runners, inFlight))
          for (const runner of runners) await runner.stop()
        } catch (error) {
          row.absent = error.message
        }
      }
    }
  }
} finally {
  workplace.remove()
}

for (const row of rows) {
  row.perSecond = row.samples.map((samples) =>
    percentile(
      samples.toSorted((a, b) => a - b),
      0.5,
    ),
  )
}
const present = rows.filter(({ absent }) => absent === undefined)
const ours = present.find(({ name }) => name === 'engine.run')
if (values.json) console.log(JSON.stringify(rows, null, 2))
else {
  console.log(`\ncontainers per second, median of ${rounds} times ${forMs} ms\n`)
  const head = ['', 'from', ...flights.map((n) => `${n} in flight`), 'engine.run is x at 8']
  const lines = present.map((row) => [
    row.name,
    row.from,
    ...row.perSecond.map((value) => value.toFixed(0)),
    ours === undefined ? '' : (ours.perSecond[1] / row.perSecond[1]).toFixed(1),
  ])
  printTable([head, ...lines], 2)
  for (const { name, absent } of rows) if (absent) console.log(`${name}: left out: ${absent}`)
}
if (values.assert) {
  for (const [start, times] of Object.entries(promises)) {
    const row = present.find(({ name }) => name.startsWith(start))
    if (row === undefined || ours === undefined) continue
    const found = ours.perSecond[1] / row.perSecond[1]
    if (found >= times) continue
    console.error(`engine.run is ${found.toFixed(1)} times ${row.name}, not ${times}`)
    process.exitCode = 1
  }
}
