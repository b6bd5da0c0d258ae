import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseControl } from './control-file.js'

/** A source of binary packages, as apt knows them (sources.list(5)). */
export interface AptSource {
  /** http or https, without a slash at the end. */
  readonly mirror: string
  readonly suite: string
  readonly components: readonly string[]
}

function words(value: string | undefined): readonly string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '')
}

function isMirror(uri: string): boolean {
  return /^https?:\/\/[^\s]+$/.test(uri)
}

function combine(
  uris: readonly string[],
  suites: readonly string[],
  components: readonly string[],
): readonly AptSource[] {
  return uris.filter(isMirror).flatMap((uri) =>
    // a suite that ends in a slash is a path without components, which no Debian mirror has
    suites
      .filter((suite) => !suite.endsWith('/'))
      .map((suite) => ({ mirror: uri.replace(/\/+$/, ''), suite, components })),
  )
}

/** Sources out of a file in the deb822 style (`*.sources`). */
export function parseSourcesFile(text: string): readonly AptSource[] {
  return parseControl(text).flatMap((paragraph) => {
    if (!words(paragraph.get('types')).includes('deb')) return []
    if (/^(no|false|0)$/i.test(paragraph.get('enabled') ?? '')) return []
    const get = (name: string): readonly string[] => words(paragraph.get(name))
    return combine(get('uris'), get('suites'), get('components'))
  })
}

/** Sources out of a file in the style of one line each (`sources.list`, `*.list`). */
export function parseListFile(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    const [, uri, suite, components] = match ?? []
    if (uri === undefined || suite === undefined) return []
    return combine([uri], [suite], words(components))
  })
}

async function readOrNothing(path: string): Promise<string> {
  // A host without apt, or one that hides its sources, has none.
  return readFile(path, 'utf8').catch(() => '')
}

/** The sources that apt on this host uses; none where there is no apt. Never throws. */
export async function hostSources(directory = '/etc/apt'): Promise<readonly AptSource[]> {
  const parts = join(directory, 'sources.list.d')
  const names = (await readdir(parts).catch((): string[] => [])).toSorted()
  const found = [...parseListFile(await readOrNothing(join(directory, 'sources.list')))]
  for (const name of names) {
    if (!/^[A-Za-z0-9_.-]+\.(list|sources)$/.test(name)) continue
    const text = await readOrNothing(join(parts, name))
    found.push(...(name.endsWith('.list') ? parseListFile(text) : parseSourcesFile(text)))
  }
  return found
}
