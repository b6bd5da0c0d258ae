import type { TestApi } from '@caisson/driver-testkit'

/** How a test ended. */
export interface Outcome {
  readonly title: string
  readonly error: unknown
  readonly skipped: string | undefined
}

/**
 * A test runner of a few lines, whose outcomes can be looked at: what the kit says about drivers that break the contract.
 * @param only runs the tests with these titles, or those that it says; default all
 */
export async function collect(
  define: (api: TestApi) => void,
  only?: readonly string[] | ((title: string) => boolean),
): Promise<Outcome[]> {
  const tests: { title: string; run: (...context: unknown[]) => Promise<void> }[] = []
  const hooks: { before: (() => Promise<void>)[]; after: (() => Promise<void>)[] } = {
    before: [],
    after: [],
  }
  define({
    describe: (_, inner) => inner(),
    it: (title, run) => tests.push({ title, run }),
    before: (run) => hooks.before.push(run),
    after: (run) => hooks.after.push(run),
  })
  const outcomes: Outcome[] = []
  for (const hook of hooks.before) await hook()
  for (const { title, run } of tests) {
    if (typeof only === 'function' ? !only(title) : only?.includes(title) === false) continue
    let skipped: string | undefined
    let error: unknown
    const skip = (reason: string): void => {
      skipped = reason
    }
    await run({ skip }).catch((reason: unknown) => {
      error = reason
    })
    outcomes.push({ title, error, skipped })
  }
  for (const hook of hooks.after) await hook()
  return outcomes
}

/** Titles of those that failed. */
export function failures(outcomes: readonly Outcome[]): string[] {
  return outcomes.filter(({ error }) => error !== undefined).map(({ title }) => title)
}
