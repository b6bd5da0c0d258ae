// What control groups add to the start of a command that only exits: `node bench/limits-latency.mjs [--rounds 200]`, on this host;
// `--machine`: in the test machine, which has cgroup v2 (test/vm). Every round runs each variant once, in turn. Microseconds.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createEngine, dirRootfs, pivotRoot } from 'caisson'
import { Scope } from '../packages/core/dist/di/scope.js'
import { cgroupV1 } from '../packages/driver-cgroupv1/dist/index.js'
import { cgroupV2 } from '../packages/driver-cgroupv2/dist/index.js'
import { runInMachine } from '../test/dist/vm/virtual-machine.js'
import { summarise } from './percentiles.mjs'
import { makeWorkplace } from './workplace.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    warmup: { type: 'string', default: '20' },
    machine: { type: 'boolean', default: false },
  },
})

async function prepare(workplace, name, limiters, limits) {
  for (const limiter of limiters) {
    const { ok, missing } = await limiter.probe(Scope.root())
    if (!ok) return { name, absent: missing.map(({ what }) => what).join('; ') }
  }
  const rootfs = [dirRootfs()]
  const engine = await createEngine({ isolation: pivotRoot(), rootfs, limiters })
  const options = { from: `dir:${workplace.root}`, limits }
  const once = async () => {
    const from = performance.now()
    const result = await engine.run(['/true'], options)
    if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}`)
    return (performance.now() - from) * 1000
  }
  return { name, once, samples: [], stop: () => engine[Symbol.asyncDispose]() }
}

async function measureHere() {
  const workplace = makeWorkplace()
  const both = { memory: '64MiB', pids: 16 }
  const variants = [
    await prepare(workplace, 'no limiter', [], {}),
    await prepare(workplace, 'cgroupV2, memory and pids', [cgroupV2()], both),
    await prepare(workplace, 'cgroupV1, memory and pids', [cgroupV1()], both),
  ]
  const present = variants.filter(({ once }) => once)
  for (let round = 0; round < Number(values.warmup) + Number(values.rounds); round++) {
    for (const variant of present) {
      const time = await variant.once()
      if (round >= Number(values.warmup)) variant.samples.push(time)
    }
  }
  const [bare] = present.map(({ samples }) => summarise(samples))
  for (const { name, absent, samples } of variants) {
    if (absent) console.log(`${name}: not here: ${absent}`)
    else {
      const { p10, p50, p99 } = summarise(samples)
      const figures = [p10, p50, p99].map((value) => value.toFixed(0)).join(' ')
      console.log(`${name}: p10 p50 p99 ${figures}, p50 x${(p50 / bare.p50).toFixed(2)}`)
    }
  }
  for (const { stop } of present) await stop()
  workplace.remove()
}

async function measureInMachine() {
  const argv = [process.execPath, fileURLToPath(import.meta.url), '--rounds', values.rounds]
  const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', TMPDIR: '/mnt', HOME: '/tmp' }
  const { code, stdout, stderr } = await runInMachine(argv, { disk: '1G', env })
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}

await (values.machine ? measureInMachine() : measureHere())
