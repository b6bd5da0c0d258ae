// `node scripts/conformance-table.mjs [--json FILE]... [SPEC]...`: runs suites of limiters (default: those of every driver-*
// here that has one) and prints driver x assertion as a table; `--json` adds what mocha's JSON reporter wrote elsewhere, e.g. in
// a virtual machine. Exit code 1 when an assertion failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './setup/set-up.mjs'

const { values, positionals } = parseArgs({
  options: { json: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
})
const usual = [
  'packages/driver-cgroup*/dist-test/**/*.test.js',
  'packages/driver-rlimits/dist-test/**/*.test.js',
]

function runSuites(specs) {
  const directory = mkdtempSync(join(tmpdir(), 'caisson-table-'))
  const output = join(directory, 'results.json')
  const args = ['node_modules/mocha/bin/mocha.js', '--reporter', 'json', '--timeout', '120000']
  args.push('--reporter-option', `output=${output}`, '--grep', '#\\d+ ', ...specs)
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    return JSON.parse(readFileSync(output, 'utf8'))
  } catch {
    throw new Error(`the suites of ${specs.join(', ')} gave no result (exit code ${status})`)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** driver -> assertion -> how its tests ended. */
const table = new Map()
const titles = new Map()

function take(results) {
  for (const [outcome, tests] of [
    ['pass', results.passes],
    ['FAIL', results.failures],
    ['host lacks it', results.pending],
  ]) {
    for (const { fullTitle, title } of tests) {
      const number = Number(/^#(\d+) /.exec(title)?.[1])
      if (Number.isNaN(number)) continue
      const driver = fullTitle.split(' ')[0]
      const row = table.get(driver) ?? new Map()
      row.set(number, [...(row.get(number) ?? []), outcome])
      table.set(driver, row)
      if (!titles.has(number)) titles.set(number, title.replace(/^#\d+ /, ''))
    }
  }
}

function cell(outcomes) {
  if (outcomes === undefined) return 'not declared'
  const kinds = [...new Set(outcomes)]
  if (kinds.length === 1)
    return outcomes.length === 1 ? kinds[0] : `${kinds[0]} (${outcomes.length})`
  return kinds
    .map((kind) => `${outcomes.filter((each) => each === kind).length} ${kind}`)
    .join(', ')
}

if (positionals.length > 0 || values.json.length === 0) {
  take(runSuites(positionals.length > 0 ? positionals : usual))
}
for (const file of values.json) take(JSON.parse(readFileSync(file, 'utf8')))

const drivers = [...table.keys()].toSorted((a, b) => a.localeCompare(b))
const line = (cells) => `| ${cells.join(' | ')} |`
console.log(line(['#', ...drivers, 'assertion']))
console.log(line(['-', ...drivers.map(() => '-'), '-']))
for (const number of [...titles.keys()].toSorted((a, b) => a - b)) {
  const cells = drivers.map((driver) => cell(table.get(driver).get(number)))
  console.log(line([number, ...cells, titles.get(number)]))
}
const failed = [...table.values()].flatMap((row) => [...row.values()]).flat()
process.exitCode = failed.includes('FAIL') ? 1 : 0
