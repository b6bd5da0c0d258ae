import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBatch } from './run-batch.mjs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

function tell({ title, text, broke, tookMs }) {
  console.log(`\n=== ${title}: ${(tookMs / 1000).toFixed(1)} s`)
  console.log(text.trimEnd())
  if (broke !== undefined) console.log(`FAILED ${title}: ${broke}`)
}

function sum(results, name) {
  return results.reduce((total, result) => total + result[name], 0)
}

/** What failed once more, a line each, where it is found: at the end. */
function tellFailures(results) {
  const bad = results.filter(({ failed }) => failed > 0)
  if (bad.length > 0) console.log('\nFailed, with what is wrong further up:')
  for (const { title, wrong } of bad) {
    for (const line of wrong) console.log(`  ${title}: ${line}`)
  }
}

/** Takes batches from a queue until there are none, or until it is told to stop. */
async function lane(queue, run, state) {
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    if (state.stoppedBy !== '') return
    const result = await run(batch)
    state.results.push(result)
    tell(result)
  }
}

/** While `work` runs, a signal that ends this process ends what it started: they are groups of their own. */
async function stoppable(state, work) {
  const stop = (signal) => {
    state.stoppedBy = signal
    for (const { pid } of state.running) process.kill(-pid, 'SIGKILL')
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    await work()
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

/**
 * Runs `together` in so many lanes at once, then each of `alone` by itself. What one says is printed whole, when it ends.
 * Prints the sum as its last line; the exit code, and milliseconds by file.
 */
export async function runBatches({ together, alone }, { lanes, ...options }) {
  const workdir = mkdtempSync(join(tmpdir(), 'caisson-tests-'))
  const state = { running: new Set(), results: [], stoppedBy: '' }
  let number = 0
  const run = (batch) =>
    runBatch({ ...batch, number: number++ }, { ...options, workdir, running: state.running })
  try {
    await stoppable(state, async () => {
      const shared = [...together]
      await Promise.all(Array.from({ length: lanes }, () => lane(shared, run, state)))
      await lane([...alone], run, state)
    })
  } finally {
    rmSync(workdir, { recursive: true, force: true })
  }
  const { results, stoppedBy } = state
  tellFailures(results)
  if (stoppedBy !== '') console.log(`ended by ${stoppedBy}`)
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((name) =>
    sum(results, name),
  )
  const wrong = failed + (stoppedBy === '' ? 0 : 1)
  console.log(`\n${passed} passed, ${wrong} failed, ${skipped} skipped`)
  return {
    code: wrong === 0 ? 0 : 1,
    times: Object.assign({}, ...results.map(({ times }) => times)),
  }
}
