import type { LaunchedProcess, UpperEntry } from '@caisson/core'
import { CaissonError } from '@caisson/core'
import { MalformedFrame } from './codec.js'
import { workerFailure } from './run-worker.js'
import { parseUpperRecords } from './upper-records.js'

/**
 * Entries that the worker of a `changes` request lists.
 * @throws CaissonError ERR_LAUNCH
 */
export async function* listUpper(launched: LaunchedProcess): AsyncGenerator<UpperEntry> {
  const { stdout } = await launched.started
  if (!stdout) throw listingError('the launcher gave no stream')
  try {
    yield* parseUpperRecords(stdout)
  } catch (error) {
    throw error instanceof MalformedFrame ? listingError(error.message, error) : error
  } finally {
    stdout.destroy()
  }
  const end = await launched.ended
  if (end.exitCode !== 0) throw workerFailure('changes', undefined, end)
}

function listingError(why: string, cause?: unknown): CaissonError {
  return new CaissonError({ code: 'ERR_LAUNCH', what: 'changes', why, cause })
}
