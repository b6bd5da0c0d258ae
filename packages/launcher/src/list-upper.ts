import type { LaunchedProcess, UpperEntry } from '@caisson/core'
import { CaissonError } from '@caisson/core'
import { MalformedFrame } from './codec.js'
import { workerFailure } from './run-worker.js'
import { parseUpperRecords } from './upper-records.js'

/** Nobody read on: that was us. */
const EPIPE = 32

/**
 * Entries that the worker of a `changes` request lists.
 * @throws CaissonError ERR_LAUNCH
 */
export async function* listUpper(launched: LaunchedProcess): AsyncGenerator<UpperEntry> {
  const { stdout } = await launched.started
  if (!stdout) throw listingError('the launcher gave no stream')
  let malformed: MalformedFrame | undefined
  try {
    yield* parseUpperRecords(stdout)
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error
    malformed = error
  } finally {
    stdout.destroy()
  }
  // a worker that fails ends where it is, inside a record perhaps: its end says more than that
  const end = await launched.ended
  if (end.exitCode !== null && end.exitCode !== 0 && end.exitCode !== EPIPE)
    throw workerFailure('changes', undefined, end)
  if (malformed !== undefined) throw listingError(malformed.message, malformed)
  if (end.exitCode !== 0) throw workerFailure('changes', undefined, end)
}

function listingError(why: string, cause?: unknown): CaissonError {
  return new CaissonError({ code: 'ERR_LAUNCH', what: 'changes', why, cause })
}
