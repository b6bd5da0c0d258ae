import { readFileSync } from 'node:fs'

/** A range of ids, e.g. of a line of /etc/subuid. */
export interface IdRange {
  readonly start: number
  readonly count: number
}

/** A line of /etc/subuid or /etc/subgid: whose range it is, by name or number. */
export interface SubIdLine extends IdRange {
  readonly owner: string
}

const DECIMAL = /^\d{1,10}$/

/** Lines of /etc/subuid or /etc/subgid; lines that newuidmap would not take either are left out. */
export function parseSubIds(text: string): readonly SubIdLine[] {
  const lines: SubIdLine[] = []
  for (const line of text.split('\n')) {
    const [owner = '', start = '', count = ''] = line.split(':')
    if (owner === '' || owner.startsWith('#') || !DECIMAL.test(start) || !DECIMAL.test(count))
      continue
    const range = { owner, start: Number(start), count: Number(count) }
    if (range.count > 0 && range.start + range.count <= 0xffffffff) lines.push(range)
  }
  return lines
}

/** The user's first range of at least `count` ids, by name or by number. */
export function findSubIds(
  lines: readonly SubIdLine[],
  user: string | undefined,
  uid: number,
  count: number,
): IdRange | undefined {
  return lines.find(
    (line) => (line.owner === user || line.owner === String(uid)) && line.count >= count,
  )
}

/** Second and third field of the lines of /etc/passwd or /etc/group: names and ids in use. */
export function parseIdDatabase(text: string): ReadonlyMap<string, number> {
  const ids = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':')
    if (name !== '' && DECIMAL.test(id)) ids.set(name, Number(id))
  }
  return ids
}

/** A file's text, or empty when it cannot be read: these files are all optional. */
export function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
