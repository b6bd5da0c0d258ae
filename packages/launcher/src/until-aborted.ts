/** What is under way, and ended by `end` when the signal is given; settles as it does. */
export async function untilAborted<T>(
  underWay: Promise<T>,
  signal: AbortSignal | undefined,
  end: () => void,
): Promise<T> {
  if (signal === undefined) return underWay
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await underWay
  } finally {
    signal.removeEventListener('abort', end)
  }
}
