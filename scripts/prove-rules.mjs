// Shows that the tests of rules can fail: `node scripts/prove-rules.mjs [rule ...]` copies this checkout, takes the code of one
// rule after another out of the copy (test/security/mutations.json), builds it, and runs the test that is named there. It exits 0
// if each test passed before and failed without its code. Not part of CI: it builds the launcher some twenty times.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
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

const wanted = process.argv.slice(2)
const mutations = JSON.parse(
  readFileSync(join(root, 'test/security/mutations.json'), 'utf8'),
).filter(({ rule }) => wanted.length === 0 || wanted.includes(rule))

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

function node(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  })
  return { status, text: `${stdout}${stderr}` }
}

function build(copy) {
  const program = node(copy, 'packages/launcher/scripts/build-launcher.mjs', '--quiet')
  if (program.status !== 0) return program.text
  const types = node(copy, 'node_modules/typescript/bin/tsc', '-b')
  return types.status === 0 ? undefined : types.text
}

/** How many tests of that title passed and failed. */
function run(copy, { spec, test }) {
  const { text } = node(
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
  return { passing: count('passing'), failing: count('failing'), text }
}

function attempt(copy, mutation) {
  const path = join(copy, mutation.file)
  const before = readFileSync(path, 'utf8')
  const parts = before.split(mutation.from)
  if (parts.length !== 2) return `the code is there ${parts.length - 1} times, not once`
  const intact = run(copy, mutation)
  if (intact.passing === 0 || intact.failing > 0) return `does not pass as it is:\n${intact.text}`
  writeFileSync(path, parts.join(mutation.to))
  try {
    const broken = build(copy)
    if (broken !== undefined) return `does not build without it:\n${broken}`
    const without = run(copy, mutation)
    return without.failing > 0 ? undefined : `passes without it:\n${without.text}`
  } finally {
    writeFileSync(path, before)
    build(copy)
  }
}

const copy = copyCheckout()
let failed = 0
try {
  const broken = build(copy)
  if (broken !== undefined) throw new Error(`the copy does not build:\n${broken}`)
  for (const mutation of mutations) {
    const why = attempt(copy, mutation)
    if (why !== undefined) failed++
    const verdict = why === undefined ? 'proved' : 'NOT PROVED'
    console.log(
      `${verdict.padEnd(11)} ${mutation.rule.padEnd(14)} ${mutation.file}\n${' '.repeat(27)}${mutation.test}`,
    )
    if (why !== undefined) console.log(why)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${mutations.length - failed} of ${mutations.length} proved`)
process.exitCode = failed === 0 ? 0 : 1
