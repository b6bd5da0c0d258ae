/**
 * What a test runner gives. mocha, vitest and node:test all fit: `{ describe, it, before, after }` (vitest: `beforeAll` and
 * `afterAll` under these names).
 */
export interface TestApi {
  describe(title: string, define: () => void): unknown
  it(title: string, run: (this: unknown, ...context: unknown[]) => Promise<void>): unknown
  before(run: () => Promise<void>): unknown
  after(run: () => Promise<void>): unknown
}

/** Thrown by a test that cannot run here. */
class Skip {
  readonly reason: string
  readonly forced: boolean

  constructor(reason: string, forced: boolean) {
    this.reason = reason
    this.forced = forced
  }
}

/** Ends a test that this host or this driver's manifest makes pointless. Printed; a failure with CAISSON_MUST_WORK=1. */
export function skip(reason: string): never {
  // oxlint-disable-next-line typescript/only-throw-error -- a signal to defineTest, never seen by anybody else
  throw new Skip(reason, false)
}

/** Ends a test of something that the driver's own probe says this host lacks. Printed; no failure either way. */
export function skipForced(reason: string): never {
  // oxlint-disable-next-line typescript/only-throw-error -- as above
  throw new Skip(reason, true)
}

/** mocha's is on `this`, those of vitest and node:test are on the first argument. */
function skipInRunner(self: unknown, context: readonly unknown[], reason: string): void {
  for (const holder of [self, context[0]]) {
    if (typeof holder !== 'object' || holder === null || !('skip' in holder)) continue
    if (typeof holder.skip === 'function') holder.skip(reason)
    return
  }
}

/** Defines one test of a suite. */
export function defineTest(api: TestApi, title: string, run: () => Promise<void>): void {
  // Rest parameters: a runner that counts parameters must not take the first for a callback.
  api.it(title, async function (this: unknown, ...context: unknown[]) {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof Skip)) throw error
      if (process.env['CAISSON_MUST_WORK'] === '1' && !error.forced) {
        throw new Error(`must work here, but: ${error.reason}`, { cause: error })
      }
      console.log(`skipped: ${title}: ${error.reason}`)
      skipInRunner(this, context, error.reason)
    }
  })
}
