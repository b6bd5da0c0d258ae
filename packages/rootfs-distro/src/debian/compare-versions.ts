interface Version {
  readonly epoch: number
  readonly upstream: string
  readonly revision: string
}

function split(version: string): Version {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const hyphen = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  }
}

const isDigit = (char: string | undefined): boolean =>
  char !== undefined && char >= '0' && char <= '9'

/** The tilde sorts before everything, even the end; then the end, then letters, then the rest. */
function weight(char: string | undefined): number {
  if (char === '~') return -1
  if (char === undefined || isDigit(char)) return 0
  const code = char.charCodeAt(0)
  return /[A-Za-z]/.test(char) ? code : code + 256
}

function compareParts(a: string, b: string): number {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a[i])) || (j < b.length && !isDigit(b[j]))) {
      const difference = weight(a[i]) - weight(b[j])
      if (difference !== 0) return difference
      i++
      j++
    }
    const first = /^\d*/.exec(a.slice(i))?.[0] ?? ''
    const second = /^\d*/.exec(b.slice(j))?.[0] ?? ''
    const difference = compareNumbers(first, second)
    if (difference !== 0) return difference
    i += first.length
    j += second.length
  }
  return 0
}

/** Of any length: dates with a time of day and hashes are more than a double holds. */
function compareNumbers(a: string, b: string): number {
  const x = a.replace(/^0+/, '')
  const y = b.replace(/^0+/, '')
  if (x.length !== y.length) return x.length - y.length
  if (x === y) return 0
  return x < y ? -1 : 1
}

/**
 * Which of two versions of a Debian package is newer: negative, 0 or positive, as of Debian Policy 5.6.12 (epoch, upstream
 * version, revision; `~` before everything).
 */
export function compareVersions(a: string, b: string): number {
  const x = split(a)
  const y = split(b)
  return (
    x.epoch - y.epoch ||
    compareParts(x.upstream, y.upstream) ||
    compareParts(x.revision, y.revision)
  )
}

/** How a version may be bounded in a dependency. */
export type VersionOperator = '<<' | '<=' | '=' | '>=' | '>>'

const holds: Readonly<Record<VersionOperator, (order: number) => boolean>> = {
  '<<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>>': (order) => order > 0,
}

/** Whether a version is within a bound. */
export function satisfies(version: string, operator: VersionOperator, bound: string): boolean {
  return holds[operator](compareVersions(version, bound))
}
