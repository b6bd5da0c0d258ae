/** A paragraph of a control file (deb822(5)): names of fields in lower case, values with their continuation lines. */
export type Paragraph = ReadonlyMap<string, string>

/**
 * The paragraphs of a control file. Comment lines are left out; a continuation line keeps its text behind the first blank,
 * and a lone dot stands for an empty line.
 */
export function parseControl(text: string): readonly Paragraph[] {
  const paragraphs: Map<string, string>[] = []
  let current: Map<string, string> | undefined
  let name = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    if (line.trim() === '') {
      current = undefined
      continue
    }
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const more = line.slice(1).trimEnd()
      if (current === undefined || name === '') continue
      current.set(name, `${current.get(name) ?? ''}\n${more === '.' ? '' : more}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    if (current === undefined) {
      current = new Map()
      paragraphs.push(current)
    }
    name = line.slice(0, colon).toLowerCase()
    current.set(name, line.slice(colon + 1).trim())
  }
  return paragraphs
}
