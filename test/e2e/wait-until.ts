import { setTimeout } from 'node:timers/promises'

/**
 * Waits for something that sends no event, such as the end of a process that is not our child.
 * @param deadlineMs as long as nothing takes that happens at all, on a machine as loaded as any
 * @throws Error when it has not happened within `deadlineMs`
 */
export async function waitUntil(
  what: string,
  holds: () => boolean,
  deadlineMs = 10_000,
): Promise<void> {
  const from = performance.now()
  while (!holds()) {
    if (performance.now() - from > deadlineMs)
      throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await setTimeout(5)
  }
}
