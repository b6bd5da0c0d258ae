import type { AptSource } from './apt-sources.js'

/** Whether a source is one of Debian's own for a release: the release itself, its updates or its security updates. */
function role(suite: string, release: string): '' | '-updates' | '-security' | undefined {
  if (suite === release) return ''
  if (suite === `${release}-updates`) return '-updates'
  if (suite === `${release}-security` || suite === `${release}/updates`) return '-security'
  return undefined
}

/** The release that most sources belong to, e.g. `bookworm`; undefined without any. */
export function hostRelease(sources: readonly AptSource[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { suite, components } of sources) {
    if (!components.includes('main')) continue
    const release = suite.replace(/(-updates|-security|-backports|\/updates)$/, '')
    counts.set(release, (counts.get(release) ?? 0) + 1)
  }
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]
}

/**
 * Where the packages of a release come from, judged by where this host gets those of its own: the same mirrors, the suites
 * renamed, that of the release itself first. Third parties' sources are left out: only suites of the release that have a component `main`.
 */
export function releaseSources(host: readonly AptSource[], release: string): readonly AptSource[] {
  const own = hostRelease(host)
  if (own === undefined) return []
  const found: AptSource[] = []
  for (const source of host) {
    const kind = role(source.suite, own)
    if (kind === undefined || !source.components.includes('main')) continue
    const suite = `${release}${kind}`
    const known = found.some((one) => one.mirror === source.mirror && one.suite === suite)
    if (!known) found.push({ mirror: source.mirror, suite, components: ['main'] })
  }
  // apt does not care which comes first
  return [
    ...found.filter(({ suite }) => suite === release),
    ...found.filter(({ suite }) => suite !== release),
  ]
}
