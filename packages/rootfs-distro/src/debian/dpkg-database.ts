import type { Paragraph } from './control-file.js'
import type { DebianPackage } from './package-index.js'

// of the index alone: where a package comes from, not what it is
const indexOnly: ReadonlySet<string> = new Set(
  'filename size md5sum sha1 sha256 sha512 description-md5 phased-update-percentage'.split(' '),
)

function title(name: string): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-')
}

function field(name: string, value: string): string {
  const [first = '', ...more] = value.split('\n')
  return [`${title(name)}: ${first}`, ...more.map((line) => ` ${line === '' ? '.' : line}`)].join(
    '\n',
  )
}

function statusParagraph(paragraph: Paragraph): string {
  const lines = [...paragraph]
    .filter(([name]) => name !== 'package' && !indexOnly.has(name))
    .map(([name, value]) => field(name, value))
  return [
    `Package: ${paragraph.get('package') ?? ''}`,
    'Status: install ok unpacked',
    ...lines,
  ].join('\n')
}

/**
 * The text of /var/lib/dpkg/status for packages that are unpacked and not configured: apt and dpkg know them, and
 * `dpkg --configure -a` does what is left (deb-control(5), dpkg(1)).
 */
export function dpkgStatus(packages: readonly DebianPackage[]): string {
  return packages.map((one) => `${statusParagraph(one.paragraph)}\n`).join('\n')
}

/** The name that files of a package have in /var/lib/dpkg/info, without the ending. */
export function infoName(one: DebianPackage): string {
  const same = one.paragraph.get('multi-arch') === 'same'
  return same ? `${one.name}:${one.architecture}` : one.name
}
