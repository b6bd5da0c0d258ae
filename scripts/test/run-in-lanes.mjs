import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { root } from '../setup/set-up.mjs'
import { planBatches } from './batches.mjs'
import { runBatches } from './run-batches.mjs'
import { testFiles } from './test-files.mjs'

const LIMIT_S = 600

function fromEnvironment(name, fallback) {
  const value = Number(process.env[name] ?? fallback)
  if (!(value > 0)) throw new Error(`${name} is a number above 0, not ${process.env[name]}`)
  return value
}

/** More than there are processors: much of a test is waiting. */
function defaultLanes() {
  return Math.min(availableParallelism() + 1, 8)
}

function writeTimes(path, times) {
  const seconds = Object.entries(times)
    .map(([file, ms]) => [relative(root, file), Math.round(ms / 100) / 10])
    .filter(([, s]) => s >= 1)
    .toSorted(([, a], [, b]) => b - a)
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`)
}

/** Runs the tests that these patterns name, and others do not, several mochas at a time; the exit code. */
export async function runInLanes(patterns, { except, mochaArgs }) {
  const left = new Set(testFiles(root, except))
  const files = testFiles(root, patterns).filter((file) => !left.has(file))
  const plan = planBatches(files, {
    alone: JSON.parse(readFileSync(new URL('alone.json', import.meta.url), 'utf8')).files,
    seconds: JSON.parse(readFileSync(new URL('seconds.json', import.meta.url), 'utf8')),
  })
  const { code, times } = await runBatches(plan, {
    lanes: fromEnvironment('CAISSON_TEST_LANES', defaultLanes()),
    limitMs: fromEnvironment('CAISSON_TEST_LIMIT', LIMIT_S) * 1000,
    mochaArgs,
  })
  const path = process.env.CAISSON_TEST_TIMES
  if (path !== undefined) writeTimes(path, times)
  return code
}
