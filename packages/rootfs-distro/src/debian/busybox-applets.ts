const plain = /^[A-Za-z0-9_[][A-Za-z0-9_.[+-]*$/
// `[` and `[[` sort before all others
const start = Buffer.from('[\0[[\0', 'latin1')
const longest = 64

/**
 * The names of the programs in a busybox, out of the table that it looks them up in: sorted names with a NUL behind each.
 * Nothing is run: the binary may be of another architecture, and is of the root's, not of the host's.
 * @returns none when there is no such table
 */
export function busyboxApplets(binary: Buffer): readonly string[] {
  const names: string[] = []
  let at = binary.indexOf(start)
  while (at >= 0 && at < binary.length) {
    const end = binary.indexOf(0, at)
    if (end < 0 || end - at > longest) break
    const name = binary.toString('latin1', at, end)
    const previous = names.at(-1)
    if (!plain.test(name) || (previous !== undefined && name <= previous)) break
    names.push(name)
    at = end + 1
  }
  return names
}
