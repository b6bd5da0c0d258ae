/**
 * Loads things ahead of their use, `ahead` at a time, and gives them in order. When one fails, or the consumer leaves, nothing
 * more is begun; what is under way is waited for, so that nothing goes on behind anybody's back.
 */
export async function* prefetch<T, R>(
  items: readonly T[],
  ahead: number,
  load: (item: T) => Promise<R>,
): AsyncGenerator<{ readonly item: T; readonly loaded: R }, void, undefined> {
  const running: { readonly item: T; readonly loaded: Promise<R> }[] = []
  let next = 0
  const begin = (): void => {
    const item = items[next++]
    if (item === undefined) return
    const loaded = load(item)
    // It is awaited when its turn comes; a failure before that is not unhandled.
    loaded.catch(() => {})
    running.push({ item, loaded })
  }
  try {
    while (running.length < ahead && next < items.length) begin()
    for (let one = running.shift(); one !== undefined; one = running.shift()) {
      const loaded = await one.loaded
      begin()
      yield { item: one.item, loaded }
    }
  } finally {
    await Promise.allSettled(running.map(({ loaded }) => loaded))
  }
}
