// Manifests, verification and repair of a layer: `node bench/store/verify.mjs [--entries N] [--rounds N]`, or by
// bench/store.mjs. What is published are copies of this host's own /usr, about 11,000 entries.
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createLauncher } from '../../packages/launcher/dist/index.js'
import { openLayerStore } from '../../packages/layer-store/dist/index.js'

const FOLDERS = [
  'bin',
  'sbin',
  'include',
  'lib/python3',
  'share/doc',
  'share/zoneinfo',
  'share/perl',
]

function makeModel(directory, most) {
  mkdirSync(directory)
  const there = FOLDERS.filter((name) => existsSync(join('/usr', name)))
  const names = execFileSync('find', [...there.map((name) => `/usr/${name}`), '-xdev'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  })
    .trimEnd()
    .split('\n')
    .slice(0, most)
  const options = { stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 1 << 30 }
  const list = ['-C', '/', '--no-recursion', '--ignore-failed-read', '-cf', '-', '-T', '-']
  const archive = execFileSync('tar', list, { ...options, input: names.join('\n') })
  execFileSync('tar', ['-C', directory, '-xpf', '-'], { ...options, input: archive })
}

async function timed(use) {
  const start = performance.now()
  const result = await use()
  return [performance.now() - start, result]
}

/** What a repair asks for, as a provider does that knows where each file comes from. */
function copySome(from, to, paths) {
  for (const path of paths) {
    const name = Buffer.from(path).toString()
    mkdirSync(dirname(join(to, name)), { recursive: true })
    cpSync(join(from, name), join(to, name))
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

function damage(diff, files) {
  rmSync(join(diff, files[0]))
  appendFileSync(join(diff, files[1]), 'x')
  chmodSync(join(diff, files[2]), 0o777)
}

/** Files of a few kilobytes, from different places of the tree. */
function victims(diff) {
  const found = execFileSync('find', ['.', '-type', 'f', '-size', '-64k', '-size', '+1k'], {
    cwd: diff,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
    .trimEnd()
    .split('\n')
    .toSorted()
  return [0.2, 0.5, 0.8].map((part) => found[Math.floor(found.length * part)])
}

/**
 * Publishing, quick and deep verification, and repair of three files.
 * @returns milliseconds, medians of interleaved rounds
 */
export async function benchVerify({ entries = 11_000, rounds = 5 } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'caisson-bench-verify-'))
  const launcher = createLauncher()
  let store
  try {
    const model = join(scratch, 'model')
    makeModel(model, entries)
    store = await openLayerStore({ directory: join(scratch, 'store'), launcher })
    const copy = async (diff) => execFileSync('cp', ['-a', `${model}/.`, diff])
    const times = { fill: [], publish: [], quick: [], deep: [], repair: [], shallow: [] }
    const keep = (name, [took, result]) => {
      times[name].push(took)
      return result
    }
    let checked = 0
    let bytes = 0
    for (let round = 0; round < rounds; round++) {
      const recipe = `bench ${round}`
      let filled = 0
      const fill = async ({ diff, wanted }) => {
        if (wanted === undefined) [filled] = await timed(() => copy(diff))
        else copySome(model, diff, wanted)
      }
      const layer = keep('publish', await timed(() => store.layers.publish({ recipe, fill })))
      times.fill.push(filled)
      const quick = keep('quick', await timed(() => store.verify(layer.id)))
      if (!quick.ok) throw new Error('a fresh layer differs from its manifest')
      const deep = keep('deep', await timed(() => store.verify(layer.id, { deep: true })))
      if (!deep.ok) throw new Error('a fresh layer differs from its manifest')
      ;({ checked } = quick)
      ;({ bytes } = deep)
      const files = victims(layer.diff)
      damage(layer.diff, files)
      const first = keep('repair', await timed(() => store.repair(layer.id)))
      damage(layer.diff, files)
      const second = keep('shallow', await timed(() => store.repair(layer.id, { deep: false })))
      for (const { mended } of [first, second])
        if (mended.length !== 3) throw new Error(`${mended.length} differences of 3 were mended`)
    }
    const medians = Object.fromEntries(Object.entries(times).map(([k, v]) => [k, median(v)]))
    return { entries: checked, megabytes: bytes / 2 ** 20, ...medians }
  } finally {
    await store?.[Symbol.asyncDispose]()
    await launcher[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function ms(value) {
  return `${value.toFixed(0)} ms`
}

/** What `benchVerify` found, as lines for people. */
export function tellVerify(found) {
  const { fill, publish } = found
  return [
    `${found.entries} entries, ${found.megabytes.toFixed(0)} MiB`,
    `  publish                ${ms(publish)}, of which filling took ${ms(fill)}`,
    `  verify, quick          ${ms(found.quick)}`,
    `  verify, deep           ${ms(found.deep)}`,
    `  repair of three files  ${ms(found.repair)} (reads everything), ${ms(found.shallow)} (deep: false)`,
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      entries: { type: 'string', default: '11000' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const found = await benchVerify({
    entries: Number(values.entries),
    rounds: Number(values.rounds),
  })
  console.log(tellVerify(found).join('\n'))
}
