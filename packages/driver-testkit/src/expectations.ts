import { isCaissonError, type CaissonError, type ErrorCode, type Probe } from '@caisson/core'
import assert from 'node:assert/strict'

/** Waits for a rejection with one of the codes and gives the error. */
export async function rejection(
  work: PromiseLike<unknown> | (() => PromiseLike<unknown>),
  ...codes: readonly ErrorCode[]
): Promise<CaissonError> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    assert.ok(isCaissonError(error), `must reject with a CaissonError, not ${String(error)}`)
    assert.ok(
      codes.includes(error.code),
      `${error.code} is none of ${codes.join(', ')}: ${error.message}`,
    )
    assert.ok((error.fix ?? '') !== '', `${error.code} must say what to do`)
    return error
  }
  return assert.fail(`must reject with ${codes.join(' or ')}`)
}

/** A probe that says what it found, in words where something is missing. */
export function assertProbe(probe: Probe): void {
  assert.equal(probe.ok, probe.missing.length === 0, 'ok exactly when nothing is missing')
  for (const { what, fix } of probe.missing) {
    assert.ok(what !== '' && fix !== '', 'what is missing has a name and a fix')
  }
  for (const text of probe.degraded) assert.equal(typeof text, 'string')
  for (const text of Object.values(probe.facts)) assert.equal(typeof text, 'string')
}
