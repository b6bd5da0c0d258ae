// What an idle container costs, and whether a thousand of them leave anything: `node bench/density.mjs [--count 1000]
// [--in-flight 64] [--json]`. KiB of each container out of /proc/meminfo, with a network namespace and without.
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEngine, dirRootfs } from 'caisson'
import { printTable } from './table.mjs'
import { makeWorkplace } from './workplace.mjs'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const count = Number(values.count)
const inFlight = Number(values['in-flight'])
const kernel = ['Slab', 'KernelStack', 'PageTables', 'Percpu']
const parts = [...kernel, 'anonymous', 'launcher']
// The kernel takes network namespaces down in the background
const settleMs = 15_000

const numberIn = (text, name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0)
const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)

function launcherPid() {
  return childrenOf(process.pid).find((pid) =>
    readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('caisson'),
  )
}

// Out of what each first process has for itself: the host's sum holds everybody else's as well
function anonymousOf(pids) {
  const each = pids.map((pid) =>
    numberIn(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Private_Dirty'),
  )
  return each.reduce((sum, kib) => sum + kib, 0)
}

function measure(launcher) {
  globalThis.gc?.()
  const meminfo = readFileSync('/proc/meminfo', 'utf8')
  const status = readFileSync(`/proc/${launcher}/status`, 'utf8')
  return {
    ...Object.fromEntries(kernel.map((name) => [name, numberIn(meminfo, name)])),
    anonymous: anonymousOf(childrenOf(launcher)),
    launcher: numberIn(status, 'VmRSS'),
    node: process.memoryUsage.rss() / 1024,
    processes: childrenOf(launcher).length,
    launcherFds: readdirSync(`/proc/${launcher}/fd`).length,
    nodeFds: readdirSync('/proc/self/fd').length,
    mounts: readFileSync(`/proc/${launcher}/mountinfo`, 'utf8').split('\n').length,
  }
}

const difference = (after, before) =>
  Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]))

async function forEach(items, work) {
  const queue = [...items]
  const loop = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
}

async function measureDensity(root, network) {
  const engine = await createEngine({ rootfs: [dirRootfs()] })
  const spec = { from: `dir:${root}`, network }
  try {
    // the launcher's pools are full and code is warm from here on
    const first = []
    await forEach(
      Array.from({ length: 2 * inFlight }, (_, i) => i),
      async () => {
        first.push(await engine.create(spec))
      },
    )
    await forEach(first, (container) => container.remove())
    const launcher = launcherPid()
    await sleep(1000)
    const before = measure(launcher)
    const containers = []
    const startedAt = performance.now()
    await forEach(
      Array.from({ length: count }, (_, i) => i),
      async () => {
        containers.push(await engine.create(spec))
      },
    )
    const startMs = performance.now() - startedAt
    const full = difference(measure(launcher), before)
    const { ok } = await containers[count >> 1].exec('/true')
    if (!ok) throw new Error('one of many does not work')
    const endedAt = performance.now()
    await forEach(containers, (container) => container.remove())
    const removeMs = performance.now() - endedAt
    const deadline = performance.now() + settleMs
    let left = difference(measure(launcher), before)
    while (left.Slab > 0.05 * full.Slab && performance.now() < deadline) {
      await sleep(250)
      left = difference(measure(launcher), before)
    }
    return { network, startMs, removeMs, full, left }
  } finally {
    await engine[Symbol.asyncDispose]()
  }
}

const kibEach = (full) => parts.reduce((sum, key) => sum + full[key], 0) / count

const workplace = makeWorkplace()
const reports = []
try {
  for (const network of ['host', 'none']) {
    reports.push(await measureDensity(workplace.root, network))
  }
} finally {
  workplace.remove()
}

if (values.json) console.log(JSON.stringify(reports, null, 2))
else {
  console.log(`\n${count} idle containers, ${inFlight} in flight\n`)
  const title = { host: 'the host’s network', none: 'a network of its own' }
  const head = ['', ...parts, 'together', 'Node', 'starts/s', 'removes/s']
  const lines = reports.map(({ network, full, startMs, removeMs }) => [
    `KiB each, ${title[network]}`,
    ...parts.map((key) => (full[key] / count).toFixed(1)),
    kibEach(full).toFixed(0),
    (full.node / count).toFixed(1),
    ((count * 1000) / startMs).toFixed(0),
    ((count * 1000) / removeMs).toFixed(0),
  ])
  printTable([head, ...lines], 1)
  console.log('\nleft when all are removed (KiB in all, but for counts)\n')
  const keys = Object.keys(reports[0].left)
  const rest = reports.map(({ network, left }) => [
    title[network],
    ...keys.map((key) => left[key].toFixed(0)),
  ])
  printTable([['', ...keys], ...rest], 1)
}
for (const { network, left } of reports) {
  for (const key of ['processes', 'launcherFds', 'nodeFds', 'mounts']) {
    if (left[key] <= 0) continue
    console.error(`${left[key]} ${key} are left (network ${network})`)
    process.exitCode = 1
  }
}
