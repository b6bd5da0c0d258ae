// Shows that the tests of rules can fail: `node scripts/prove-rules.mjs [rule ...]` copies this checkout, takes the code of one
// rule after another out of the copy (test/security/mutations.json; for the layer store its own list: `store` is all of that),
// builds it, and runs the test that is named there. It exits 0 if each test passed before and failed without its code. Not part
// of CI: it builds the copy some ninety times.
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { root } from './setup/set-up.mjs'

const LISTS = ['test/security/mutations.json', 'packages/layer-store/test/mutations.json']
const wanted = process.argv.slice(2)
const mutations = LISTS.flatMap((path) =>
  JSON.parse(readFileSync(join(root, path), 'utf8')),
).filter(
  ({ rule }) =>
    wanted.length === 0 || wanted.some((name) => rule === name || rule.startsWith(`${name} `)),
)

/** Packages of ours are found in the copy, all others where they are. */
function linkModules(from, to) {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    const path = join(from, name)
    const isScope = name.startsWith('@') && lstatSync(path).isDirectory()
    if (isScope) linkModules(path, join(to, name))
    else if (!lstatSync(path).isSymbolicLink()) symlinkSync(path, join(to, name))
    else {
      const target = resolve(from, readlinkSync(path))
      const ours = relative(root, target).startsWith('packages')
      symlinkSync(ours ? readlinkSync(path) : target, join(to, name))
    }
  }
}

function copyCheckout() {
  const copy = mkdtempSync(join(tmpdir(), 'caisson-rules-'))
  const left = new Set(['.git', '.caisson', 'node_modules'].map((name) => join(root, name)))
  cpSync(root, copy, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: (source) => !left.has(source),
  })
  linkModules(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** A rule that is gone may make a test wait for ever. */
const PATIENCE_MS = 180_000
/** A rule that is gone may make one write for ever. */
const MOST_BYTES = 2 ** 30

function node(cwd, ...args) {
  const output = join(cwd, 'output')
  const fd = openSync(output, 'w')
  // what a failed test leaves behind may hold its output open: a file, and a group of its own, which is ended
  // and no file of it may grow without end (sh counts 512 bytes)
  const limited = `ulimit -f ${MOST_BYTES / 512}; exec "$@"`
  const { status, pid } = spawnSync('sh', ['-c', limited, 'sh', process.execPath, ...args], {
    cwd,
    stdio: ['ignore', fd, fd],
    detached: true,
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  })
  closeSync(fd)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // nobody is left
  }
  const text = readFileSync(output, 'utf8')
  // ended by us: it went on for ever
  return { status, text, isEndless: status === null }
}

/** `packages/core`, and whether it is C: what is built by itself. */
const roomOf = (file) => /^packages\/[^/]+(\/c(?=\/))?/.exec(file)?.[0]

/** All of it, or what a file of the source decides: bodies of functions change nothing for other packages. */
function build(copy, file) {
  const isC = file?.endsWith('.c') ?? true
  if (isC) {
    const program = node(copy, 'packages/launcher/scripts/build-launcher.mjs', '--quiet')
    if (program.status !== 0) return program.text
    if (file !== undefined) return undefined
  }
  const project = roomOf(file ?? '')
  const types = node(copy, 'node_modules/typescript/bin/tsc', '-b', ...(project ? [project] : []))
  return types.status === 0 ? undefined : types.text
}

/** How many tests of that title passed and failed. */
function run(copy, { spec, test }) {
  const { text, isEndless } = node(
    copy,
    'node_modules/mocha/bin/mocha.js',
    '--exit',
    '--reporter',
    'spec',
    spec,
    '-f',
    test,
  )
  const count = (what) => Number(new RegExp(`(\\d+) ${what}`).exec(text)?.[1] ?? 0)
  return { passing: count('passing'), failing: count('failing') + (isEndless ? 1 : 0), text }
}

/** What is wrong with the tests as they are, by file and title: each is run once, however many rules it is of. */
function runIntact(copy) {
  const wrong = new Map()
  for (const { spec, test } of mutations) {
    const key = `${spec} ${test}`
    if (wrong.has(key)) continue
    const { passing, failing, text } = run(copy, { spec, test })
    const isGood = passing > 0 && failing === 0
    wrong.set(key, isGood ? undefined : `does not pass as it is:\n${text}`)
  }
  return wrong
}

function attempt(copy, mutation) {
  const path = join(copy, mutation.file)
  const before = readFileSync(path, 'utf8')
  const parts = before.split(mutation.from)
  if (parts.length !== 2) return `the code is there ${parts.length - 1} times, not once`
  writeFileSync(path, parts.join(mutation.to))
  try {
    const broken = build(copy, mutation.file)
    if (broken !== undefined) return `does not build without it:\n${broken}`
    const without = run(copy, mutation)
    return without.failing > 0 ? undefined : `passes without it:\n${without.text}`
  } finally {
    writeFileSync(path, before)
  }
}

const copy = copyCheckout()
let failed = 0
try {
  const broken = build(copy)
  if (broken !== undefined) throw new Error(`the copy does not build:\n${broken}`)
  const intact = runIntact(copy)
  let last
  for (const mutation of mutations) {
    const { rule, file, spec, test } = mutation
    // of another package: what was taken out there is not mended by the next build of this one
    if (last !== undefined && roomOf(last) !== roomOf(file)) build(copy, last)
    last = file
    const why = intact.get(`${spec} ${test}`) ?? attempt(copy, mutation)
    if (why !== undefined) failed++
    const verdict = why === undefined ? 'proved' : 'NOT PROVED'
    console.log(`${verdict.padEnd(11)} ${rule.padEnd(14)} ${file}\n${' '.repeat(27)}${test}`)
    if (why !== undefined) console.log(why)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${mutations.length - failed} of ${mutations.length} proved`)
process.exitCode = failed === 0 ? 0 : 1
