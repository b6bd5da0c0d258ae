// What statistics of many containers cost this process: `node bench/stats.mjs [--count 100] [--interval 1000]
// [--seconds 20] [--json]`. CPU time of this process, with the streams and without them, as a share of one core.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEngine } from 'caisson'
import { printTable } from './table.mjs'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    interval: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const [count, interval, seconds] = [values.count, values.interval, values.seconds].map(Number)

async function shareOfCore() {
  const from = process.cpuUsage()
  const start = performance.now()
  await sleep(seconds * 1000)
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 10 / (performance.now() - start)
}

const engine = await createEngine()
if (!engine.supports.features.has('stats')) {
  console.error('skipped: no limiter of statistics works on this host')
  process.exit(0)
}
const containers = []
for (let i = 0; i < count; i++) containers.push(await engine.create())
// so that there is something to count
const commands = containers.map((container) => container.exec('sleep', ['100000']))
await Promise.all(commands.map((command) => command.pid))
await sleep(1000)

const before = await shareOfCore()
let samples = 0
const controller = new AbortController()
setMaxListeners(count, controller.signal)
const streams = containers.map(async (container) => {
  for await (const stats of container.statsStream({ interval, signal: controller.signal })) {
    if (stats.memory.current > 0) samples++
  }
})
// the compiler has seen what it is about to measure
await sleep(5000)
samples = 0
const during = await shareOfCore()
const taken = samples
controller.abort()
await Promise.all(streams)
const after = await shareOfCore()
const idle = (before + after) / 2
const row = {
  containers: count,
  samples: taken,
  'without, %': idle.toFixed(2),
  'with, %': during.toFixed(2),
  'cost, % of a core': (during - idle).toFixed(2),
  'us a sample': (((during - idle) * seconds * 10_000) / taken).toFixed(0),
}
if (values.json) console.log(JSON.stringify(row))
else printTable([Object.keys(row), Object.values(row).map(String)], 0)
await engine[Symbol.asyncDispose]()
