import { abortedError } from './tar-error.js'

/** Bytes of a source that may keep its reader waiting for ever: given up the moment that the signal says so. */
export async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  subject: string,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = source[Symbol.asyncIterator]()
  let giveUp: (() => void) | undefined
  const onAbort = (): void => giveUp?.()
  signal.addEventListener('abort', onAbort, { once: true })
  let ended = false
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        giveUp = () => reject(abortedError(subject, signal.reason))
        if (signal.aborted) onAbort()
        else chunks.next().then(resolve, reject)
      })
      ended = next.done === true
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    const closing = ended ? undefined : chunks.return?.()
    // a generator that waits for its own source answers only when that does
    if (signal.aborted) closing?.catch(() => {})
    else await closing
  }
}
