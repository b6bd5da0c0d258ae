// How long the builders of roots take, for the same packages of the same mirror: `debian:`, mmdebstrap and debootstrap of this host.
// `node bench/store/builders.mjs [--rounds 2] [--sets minbase,gcc]`, or by bench/store.mjs. In turn, each round in another order:
// `network`: nothing is there, every file comes from the mirror of apt; `warm`: the mirror is one on the loopback that has it
// all; `cached`: the root is in the store, and another program wants it. Each build has a store and a program of its own.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Scope } from '../../packages/core/dist/di/index.js'
import { DATA_DIR, trustedProgram } from '../../packages/core/dist/index.js'
import { LAYER_STORE } from '../../packages/layer-store/dist/index.js'
import { hostSources } from '../../packages/rootfs-distro/dist/debian/apt-sources.js'
import {
  hostRelease,
  releaseSources,
} from '../../packages/rootfs-distro/dist/debian/release-sources.js'
import {
  debianRootfs,
  debootstrapRootfs,
  mmdebstrapRootfs,
} from '../../packages/rootfs-distro/dist/index.js'
import { printTable } from '../table.mjs'

const makers = {
  debian: debianRootfs,
  mmdebstrap: mmdebstrapRootfs,
  debootstrap: debootstrapRootfs,
}
const extra = { minbase: [], gcc: ['gcc', 'libc6-dev'] }

/** A program of its own asks for one root: `name`, options and data directory in JSON. */
async function lendOnce({ name, options, dataDir }) {
  const scope = Scope.root().value(DATA_DIR, dataDir)
  const provider = makers[name](options).create(scope)
  const start = performance.now()
  const lease = await provider.lend({ id: 'bench', reference: '' })
  const ms = performance.now() - start
  const [root] = lease.parts[0].lowers
  await lease.release()
  await scope[Symbol.asyncDispose]()
  console.log(JSON.stringify({ ms, root }))
}

function lendElsewhere(work) {
  const self = fileURLToPath(import.meta.url)
  const output = execFileSync(process.execPath, [self, '--lend', JSON.stringify(work)])
  return JSON.parse(output.toString('utf8'))
}

async function startMirror(mirror, directory) {
  const program = fileURLToPath(new URL('../mirror-cache.mjs', import.meta.url))
  const stdio = ['pipe', 'pipe', 'inherit']
  const child = spawn(process.execPath, [program, mirror, directory], { stdio })
  for await (const address of createInterface({ input: child.stdout })) return { child, address }
  throw new Error('the mirror on the loopback did not start')
}

async function removeData(dataDir) {
  const scope = Scope.root().value(DATA_DIR, dataDir)
  // brings the launcher that removes what belongs to other ids
  debianRootfs().create(scope)
  const store = await scope.resolve({ store: LAYER_STORE }).store.open()
  for (const { name } of store.refs.list()) await store.refs.delete(name)
  await store.collect()
  await scope[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
}

const scratchOf = (what) => mkdtempSync(join(tmpdir(), `caisson-bench-${what}-`))

/** One build with nothing, one with a mirror that has everything, one of a root that is there. */
async function measure(name, options, source) {
  const files = scratchOf('mirror')
  const cold = scratchOf('data')
  const warm = scratchOf('data')
  const { child, address } = await startMirror(new URL(source.mirror).origin, files)
  try {
    const mirror = `${address}${new URL(source.mirror).pathname.replace(/\/$/, '')}`
    const work = (dataDir) => ({ name, options: { ...options, mirror }, dataDir })
    const network = lendElsewhere(work(cold)).ms
    const built = lendElsewhere(work(warm))
    const cached = lendElsewhere(work(warm)).ms
    const size = execFileSync('du', ['-sm', built.root], { encoding: 'utf8' }).split('\t')[0]
    const status = readFileSync(join(built.root, 'var/lib/dpkg/status'), 'utf8')
    const packages = [...status.matchAll(/^Package: (.*)$/gm)].map(([, found]) => found)
    return { network, warm: built.ms, cached, megabytes: Number(size), packages }
  } finally {
    child.stdin.end()
    for (const dataDir of [cold, warm]) await removeData(dataDir)
    rmSync(files, { recursive: true })
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

/** Those that are here; of the first one's root `debian:` takes the names of packages, so that both have the same. */
function buildersHere() {
  const tools = ['mmdebstrap', 'debootstrap']
  return [...tools.filter((name) => trustedProgram(name) !== undefined), 'debian']
}

async function benchSet(set, rounds, source) {
  const names = buildersHere()
  const found = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]
      const wanted = name === 'debian' ? (found[names[0]][0]?.packages ?? extra[set]) : extra[set]
      const options = { suite: source.suite, ...(wanted.length > 0 && { packages: wanted }) }
      const one = await measure(name, options, source)
      found[name].push(one)
      const { network, warm, cached } = one
      console.error(set, name, ...[network, warm, cached].map((ms) => `${ms.toFixed(0)} ms`))
    }
  }
  return names.map((name) => {
    const of = (what) => found[name].map((one) => one[what])
    const ratio = (what) => median(of(what).map((ms, i) => ms / found.debian[i][what]))
    return [
      set,
      name,
      String(found[name][0].packages.length),
      String(found[name][0].megabytes),
      ...['network', 'warm'].flatMap((what) => [
        (median(of(what)) / 1000).toFixed(1),
        ratio(what).toFixed(1),
      ]),
      median(of('cached')).toFixed(0),
    ]
  })
}

export async function main(args = []) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '2' },
      sets: { type: 'string', default: 'minbase,gcc' },
    },
  })
  const sources = await hostSources()
  const [source] = releaseSources(sources, hostRelease(sources) ?? '')
  if (source === undefined) {
    console.log('skipped: apt on this host has no mirror of Debian')
    return
  }
  const head = 'set|builder|packages|MB|network, s|of debian:|warm, s|of debian:|cached, ms'
  const rows = [head.split('|')]
  for (const set of values.sets.split(','))
    rows.push(...(await benchSet(set, Number(values.rounds), source)))
  printTable(rows, 2)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, work] = process.argv.slice(2)
  if (first === '--lend') await lendOnce(JSON.parse(work))
  else await main(process.argv.slice(2))
}
