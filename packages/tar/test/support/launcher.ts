import type { Launcher } from '@caisson/core'
import { isCaissonError, type CaissonError } from '@caisson/core'
import { createLauncher } from '@caisson/launcher'

/** A launcher for the tests of a file: begun before, ended after. */
export function withLauncher(): () => Launcher {
  let launcher: Launcher | undefined
  before(() => {
    launcher = createLauncher()
  })
  after(() => launcher?.[Symbol.asyncDispose]())
  return () => {
    if (launcher === undefined) throw new Error('the launcher is not there yet')
    return launcher
  }
}

/** The CaissonError that a promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('nothing was rejected')
}
