import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const mocha = join(root, 'node_modules/mocha/bin/mocha.js')

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { passes: 0, failures: 0, pending: 0, times: {}, failed: [] }
  }
}

/** Waits for the process, and ends it with all of its group when its time is up. */
function untilExit(child, limitMs) {
  return new Promise((resolve) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.kill(-child.pid, 'SIGKILL')
    }, limitMs)
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve({ code: 1, how: error.message })
    })
    // not `close`: what a test left behind may hold the output open
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (late) resolve({ how: `ended after ${limitMs / 1000} s, its time limit` })
      else resolve({ code, how: signal === null ? `exit code ${code}` : `ended by ${signal}` })
    })
  })
}

/** What was wrong besides the tests that failed; undefined: nothing. */
function whatBroke({ code, how }, report) {
  const at = report.running === undefined ? '' : `, in "${report.running}" (${report.file})`
  if (report.ended !== true) return `did not come to its end: ${how}${at}`
  // mocha's exit code is the number of failures
  if (code !== Math.min(report.failures, 255)) return `${how} after ${report.failures} failures`
  if (report.passes + report.failures + report.pending === 0) return 'has no test'
  return undefined
}

/**
 * Runs the files of a batch in a mocha of their own: its counts and output, and whether it broke apart from failed tests.
 * `workdir` takes what is written meanwhile; `running` holds the process as long as there is one.
 */
export async function runBatch(batch, { mochaArgs, limitMs, workdir, running }) {
  const [report, output] = ['report', 'output'].map((name) =>
    join(workdir, `${batch.number}.${name}`),
  )
  const fd = openSync(output, 'w')
  const from = performance.now()
  // a group of its own, so that all of it can be ended
  const child = spawn(process.execPath, [mocha, ...mochaArgs, ...batch.files], {
    cwd: root,
    stdio: ['ignore', fd, fd],
    detached: true,
    env: { ...process.env, CAISSON_TEST_REPORT: report },
  })
  running.add(child)
  const end = await untilExit(child, limitMs)
  running.delete(child)
  closeSync(fd)
  const { passes, failures, pending, times, failed, ...state } = readReport(report)
  const broke = whatBroke(end, { passes, failures, pending, ...state })
  const text = readFileSync(output, 'utf8')
  for (const path of [report, output]) rmSync(path, { force: true })
  return {
    ...batch,
    text,
    broke,
    times,
    wrong: broke === undefined ? failed : [...failed, broke],
    passed: passes,
    failed: failures + (broke === undefined ? 0 : 1),
    skipped: pending,
    tookMs: performance.now() - from,
  }
}
