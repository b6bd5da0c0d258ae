import { compareVersions, satisfies } from './compare-versions.js'
import { parseControl, type Paragraph } from './control-file.js'
import { parseDependencies, type Alternative, type Dependency } from './dependency.js'

/** A package as an index describes it. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Path below the mirror's root. */
  readonly filename: string
  readonly size: number
  /** Lower case hexadecimal. */
  readonly sha256: string
  readonly essential: boolean
  /** 0 required, 1 important, 2 standard, 3 others (Debian Policy 2.5). */
  readonly rank: number
  /** Pre-Depends and Depends. */
  readonly dependencies: readonly Dependency[]
  readonly provides: readonly Alternative[]
  /** All that the index says, for /var/lib/dpkg/status. */
  readonly paragraph: Paragraph
  /** The mirror that has it. */
  readonly mirror: string
}

const ranks: readonly string[] = ['required', 'important', 'standard']

interface Entry {
  readonly text: string
  readonly mirror: string
}

function field(text: string, name: string): string | undefined {
  const start = text.startsWith(`${name}: `) ? 0 : text.indexOf(`\n${name}: `) + 1
  if (start === 0 && !text.startsWith(`${name}: `)) return undefined
  const end = text.indexOf('\n', start)
  return text.slice(start + name.length + 2, end < 0 ? undefined : end).trim()
}

function parseEntry({ text, mirror }: Entry): DebianPackage | undefined {
  const paragraph = parseControl(text)[0]
  if (paragraph === undefined) return undefined
  const get = (name: string): string => paragraph.get(name) ?? ''
  const relations = [get('pre-depends'), get('depends')].join(',')
  const { dependencies, unclear } = parseDependencies(relations)
  const sha256 = get('sha256').toLowerCase()
  const size = Number(get('size'))
  const filename = get('filename')
  // What cannot be fetched and checked, or whose needs are not understood, is as if it were not there.
  if (unclear.length > 0 || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
  if (!Number.isSafeInteger(size) || size <= 0 || !isPlainPath(filename)) return undefined
  return {
    name: get('package'),
    version: get('version'),
    architecture: get('architecture'),
    filename,
    size,
    sha256,
    essential: get('essential') === 'yes',
    rank: rankOf(get('priority')),
    dependencies,
    provides: parseDependencies(get('provides')).dependencies.flat(),
    paragraph,
    mirror,
  }
}

function rankOf(priority: string): number {
  const rank = ranks.indexOf(priority)
  return rank < 0 ? ranks.length : rank
}

function isPlainPath(path: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9+._~%:@-]*(?:\/[A-Za-z0-9][A-Za-z0-9+._~%:@-]*)*$/.test(path)
}

function meets(version: string | undefined, { version: bound }: Alternative): boolean {
  if (bound === undefined) return true
  return version !== undefined && satisfies(version, bound.operator, bound.bound)
}

/** The packages of some indexes (Packages files): the newest of each name. */
export class PackageIndex {
  readonly #entries = new Map<string, Entry>()
  readonly #providers = new Map<string, string[]>()
  readonly #parsed = new Map<string, DebianPackage | undefined>()

  /** Adds an index; where a name is there already, the newer version stays. */
  add(text: string, mirror: string): void {
    for (const paragraph of text.split('\n\n')) {
      const body = paragraph.startsWith('\n') ? paragraph.slice(1) : paragraph
      const name = field(body, 'Package')
      if (name === undefined) continue
      const known = this.#entries.get(name)
      if (known !== undefined) {
        const newer = compareVersions(
          field(body, 'Version') ?? '',
          field(known.text, 'Version') ?? '',
        )
        if (newer <= 0) continue
      }
      this.#entries.set(name, { text: body, mirror })
      this.#parsed.delete(name)
      this.#addProvides(name, field(body, 'Provides'))
    }
  }

  #addProvides(name: string, list: string | undefined): void {
    if (list === undefined) return
    for (const { name: virtual } of parseDependencies(list).dependencies.flat()) {
      const providers = this.#providers.get(virtual)
      if (providers === undefined) this.#providers.set(virtual, [name])
      else if (!providers.includes(name)) providers.push(name)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  get names(): Iterable<string> {
    return this.#entries.keys()
  }

  get(name: string): DebianPackage | undefined {
    if (this.#parsed.has(name)) return this.#parsed.get(name)
    const entry = this.#entries.get(name)
    const parsed = entry === undefined ? undefined : parseEntry(entry)
    this.#parsed.set(name, parsed)
    return parsed
  }

  /** Packages that meet an alternative: that of the name first, then those that provide it, by priority and name. */
  candidates(wanted: Alternative): readonly DebianPackage[] {
    const real = this.get(wanted.name)
    const own = real !== undefined && meets(real.version, wanted) ? [real] : []
    const providers = (this.#providers.get(wanted.name) ?? [])
      .map((name) => this.get(name))
      .filter((one) => one !== undefined)
      .filter((one) => one !== real && provides(one, wanted))
      .toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    return [...own, ...providers]
  }
}

/** Whether a package meets an alternative: by its name, or by what it provides (Debian Policy 7.5). */
export function provides(one: DebianPackage, wanted: Alternative): boolean {
  if (one.name === wanted.name && meets(one.version, wanted)) return true
  return one.provides.some(
    ({ name, version }) => name === wanted.name && meets(version?.bound, wanted),
  )
}
