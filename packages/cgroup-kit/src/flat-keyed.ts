/** Reads a file of `name number` lines, such as cpu.stat and cgroup.events. What is no number is left out. */
export function parseFlatKeyed(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space < 0) continue
    const value = Number(line.slice(space + 1))
    if (!Number.isNaN(value)) values.set(line.slice(0, space), value)
  }
  return values
}

/** One number; undefined for `max`, an empty file or what is no number. */
export function parseSingle(text: string | undefined): number | undefined {
  const word = text?.trim()
  if (word === undefined || word === '') return undefined
  const value = Number(word)
  return Number.isFinite(value) ? value : undefined
}
