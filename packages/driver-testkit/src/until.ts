import assert from 'node:assert/strict'

/** Waits until it is so; a failure when that takes longer than `patienceMs`. */
export async function until(
  what: string,
  done: () => boolean | Promise<boolean>,
  patienceMs: number,
): Promise<void> {
  const start = performance.now()
  while (!(await done())) {
    if (performance.now() - start > patienceMs) assert.fail(`${what}: not after ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
