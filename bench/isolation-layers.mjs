// What isolation costs, layer by layer: `node bench/isolation-layers.mjs [--rounds 300] [--against CHECKOUT] [--json]`.
// Each row is a start with the layers of the rows above and its own; all take turns in one run, so that a busy second of the
// machine hits all alike. `--against` a checkout that is built adds its `engine.run` and this one's. Times in microseconds.
import { parseArgs } from 'node:util'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defaultIsolation, singleUser, strictIsolation } from '../packages/core/dist/index.js'
import { PlanCompiler } from '../packages/isolation-kit/dist/index.js'
import { createLauncher } from '../packages/launcher/dist/index.js'
import { summarise } from './percentiles.mjs'
import { printTable } from './table.mjs'
import { makeWorkplace } from './workplace.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    warmup: { type: 'string', default: '30' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const warmup = Number(values.warmup)

const NEW_PID = 0x20000000
const plain = { stdin: { kind: 'null' }, stdout: 'capture', stderr: 'capture' }

/** A spec as the engine parses it, of the root that holds nothing but /true. */
function specOf(root, more) {
  const spec = {
    from: `dir:${root}`,
    readonlyRoot: false,
    hostname: 'bench',
    init: 'reaper',
    cwd: '/',
    env: {},
    user: '0',
    groups: [],
    mounts: [],
    network: 'none',
    capabilities: undefined,
    seccomp: 'default',
    allowNewPrivileges: false,
    isolation: defaultIsolation,
    upperBytes: 256 << 20,
    upperInodes: 65_536,
    limits: {},
    ...more,
  }
  return { key: JSON.stringify(spec), ...spec }
}

function planOf(spec, root, identity) {
  const compiler = new PlanCompiler('pivot')
  const lease = {
    key: root,
    parts: [{ at: '/', lowers: [root] }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    release: async () => {},
  }
  const command = { user: spec.user, groups: spec.groups, cwd: spec.cwd }
  return {
    ...compiler.setup({ spec, root: lease }, identity),
    process: compiler.process(spec, command, identity),
    own: compiler.ownProcess(spec, []),
  }
}

const strict = {
  isolation: strictIsolation,
  seccomp: 'strict',
  readonlyRoot: true,
  user: singleUser,
  mounts: [{ kind: 'tmpfs', to: '/tmp', sizeBytes: 64 << 20, exec: false }],
}

const is =
  (...ops) =>
  (step) =>
    ops.includes(step.op)
const isNot =
  (...ops) =>
  (step) =>
    !ops.includes(step.op)

/** Plans from nearly nothing to everything. */
function layers(root, identity) {
  const full = planOf(specOf(root, {}), root, identity)
  const withLandlock = planOf(
    specOf(root, { isolation: { ...defaultIsolation, landlock: true } }),
    root,
    identity,
  )
  const closed = planOf(specOf(root, strict), root, identity)
  const namespaces = full.container.find(is('namespaces'))
  const bare = [
    { ...namespaces, flags: NEW_PID, network: 0, user: 0 },
    { op: 'root', from: 'l/0.0' },
    { op: 'pivot' },
  ]
  const own = full.container.filter(is('namespaces', 'keyring', 'oomScore'))
  const root1 = full.container.filter(
    is('namespaces', 'keyring', 'oomScore', 'upper', 'overlay', 'pivot'),
  )
  const start = full.process.filter(is('session', 'umask', 'user', 'cwd'))
  const powers = full.process.filter(isNot('seccomp'))
  const row = (name, container, process, steps = []) => ({
    name,
    plan: { template: full.template, container, process },
    steps,
  })
  return [
    row('a pid and a mount namespace', bare, []),
    row('+ all namespaces, keyring', [...own, ...bare.slice(1)], []),
    row('+ copy-on-write root', root1, []),
    row('+ /dev, /proc, /sys, masks', full.container, []),
    row('+ user, session', full.container, start),
    row('+ capabilities, no_new_privs', full.container, powers),
    row('+ limits of each process', full.container, powers, full.own),
    row('+ seccomp (the default)', full.container, full.process, full.own),
    row('+ Landlock', full.container, withLandlock.process, full.own),
    { name: 'strict', plan: closed, steps: closed.own },
  ]
}

async function launcherRows(workplace, launcher) {
  const identity = await launcher.identity()
  return layers(workplace.root, identity).map(({ name, plan, steps }) => {
    const frozen = {
      template: Object.freeze(plan.template),
      container: Object.freeze(plan.container),
      process: Object.freeze(plan.process),
    }
    const command = {
      ...plain,
      steps,
      argv: ['/true'],
      env: [],
      maxOutputBytes: 4096,
      reportStart: false,
    }
    const once = async () => {
      const from = performance.now()
      const end = await launcher.run(frozen, command).ended
      if (end.exitCode !== 0) throw new Error(`${name}: exit code ${end.exitCode}`)
      return (performance.now() - from) * 1000
    }
    return { name, once, samples: [] }
  })
}

async function engineRow(name, checkout, workplace) {
  const path = join(resolve(checkout), 'packages/caisson/dist/index.js')
  const { createEngine, dirRootfs, pivotRoot } = await import(pathToFileURL(path).href)
  const engine = await createEngine({ isolation: pivotRoot(), rootfs: [dirRootfs()] })
  const options = { from: `dir:${workplace.root}` }
  const once = async () => {
    const from = performance.now()
    const { exitCode } = await engine.run(['/true'], options)
    if (exitCode !== 0) throw new Error(`${name}: exit code ${exitCode}`)
    return (performance.now() - from) * 1000
  }
  return { name, once, samples: [], stop: () => engine[Symbol.asyncDispose]() }
}

const workplace = makeWorkplace()
const launcher = createLauncher({})
const engines = []
try {
  const rows = await launcherRows(workplace, launcher)
  if (values.against !== undefined) {
    engines.push(await engineRow('engine.run, there', values.against, workplace))
    engines.push(await engineRow('engine.run, here', '.', workplace))
  }
  rows.push(...engines)
  for (let round = 0; round < warmup + rounds; round++) {
    // another one first in each round
    for (let i = 0; i < rows.length; i++) {
      const row = rows[(i + round) % rows.length]
      const time = await row.once()
      if (round >= warmup) row.samples.push(time)
    }
  }
  const results = rows.map(({ name, samples }) => ({ name, ...summarise(samples) }))
  if (values.json) console.log(JSON.stringify(results))
  else {
    const base = results.find(({ name }) => name.includes('the default')).p50
    const head = ['', 'p10', 'p50', 'p99', 'more', 'x default']
    printTable(
      [
        head,
        ...results.map((row, i) => [
          row.name,
          ...[row.p10, row.p50, row.p99].map((value) => value.toFixed(0)),
          i === 0 || row.name.startsWith('engine') ? '' : (row.p50 - results[i - 1].p50).toFixed(0),
          (row.p50 / base).toFixed(2),
        ]),
      ],
      1,
    )
    const [there, here] = results.filter(({ name }) => name.startsWith('engine'))
    if (there)
      console.log(
        `\nhere / there: p50 ${(here.p50 / there.p50).toFixed(3)}, p10 ${(here.p10 / there.p10).toFixed(3)}`,
      )
  }
} finally {
  for (const { stop } of engines) await stop()
  await launcher[Symbol.asyncDispose]()
  workplace.remove()
}
