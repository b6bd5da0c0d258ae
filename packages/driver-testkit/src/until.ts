import assert from 'node:assert/strict'

const LONG_MS = 30_000

/** Waits until it is so; a failure when that takes longer than any machine needs. */
export async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now()
  while (!(await done())) {
    if (performance.now() - start > LONG_MS) assert.fail(`${what}: not after ${LONG_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
