import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireProgram } from '@caisson/core'
import type { LayerStaging } from '@caisson/layer-store'
import type { RootOrder, RootRecipe, RootTools } from '../built-roots.js'
import { requestKey } from '../debian/resolve-sources.js'
import { distroError } from '../distro-error.js'
import { download } from '../download.js'
import type { BuildProgress } from '../progress.js'
import { ownNamespaces } from '../tools/own-namespaces.js'
import { runTool } from '../tools/run-tool.js'
import { openScratch } from '../tools/scratch.js'
import type { DnfRepository, DnfRequest } from './dnf-options.js'
import { explainDnf } from './explain-dnf.js'

// raised when equal packages become another tree
const RECIPE_VERSION = 1
// Fedora's has about 10 KB
const maxIndex = 4 << 20

function configuration(repos: readonly DnfRepository[], scratch: string): string {
  const main = [
    '[main]',
    'reposdir=/nonexistent',
    'varsdir=/nonexistent',
    `cachedir=${join(scratch, 'cache')}`,
    `logdir=${join(scratch, 'log')}`,
    'install_weak_deps=0',
    'tsflags=nodocs',
    'gpgcheck=1',
    'skip_if_unavailable=0',
    'best=1',
  ]
  const own = repos.flatMap(({ id, baseurl, gpgkey }) => [
    `[${id}]`,
    `name=${id}`,
    `baseurl=${baseurl}`,
    `gpgcheck=${gpgkey === undefined ? 0 : 1}`,
    ...(gpgkey === undefined ? [] : [`gpgkey=${encodeURI(`file://${gpgkey}`)}`]),
  ])
  return `${[...main, ...own].join('\n')}\n`
}

/** repomd.xml holds the digests of all that a repository has. */
async function readIndex(
  { id, baseurl }: DnfRepository,
  release: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const url = `${baseurl.replaceAll('$releasever', release)}/repodata/repomd.xml`
  const fix = 'Check `baseurl`: it is the directory that holds repodata.'
  if (!url.startsWith('file:')) {
    // how dnf itself spells the architecture is dnf's to know: such an address is its own index
    if (url.includes('$')) return Buffer.from(url)
    const bytes = await download({ url, maxBytes: maxIndex, signal })
    if (bytes !== undefined) return bytes
    throw distroError('ERR_MIRROR_UNREACHABLE', `dnf: ${id}`, `there is no ${url}`, fix)
  }
  try {
    return await readFile(fileURLToPath(url))
  } catch (error) {
    throw distroError('ERR_MIRROR_UNREACHABLE', `dnf: ${id}`, `there is no ${url}`, fix, error)
  }
}

function tellSteps(
  onProgress: ((progress: BuildProgress) => void) | undefined,
): (line: string) => void {
  return (line) => {
    // `  Installing       : busybox-1-1.noarch       2/7`
    const found = /^\s*Installing\s*: (\S+)\s+(\d+)\/(\d+)\s*$/.exec(line)
    if (found === null) return
    const [, subject = '', count, total] = found
    const step = { phase: 'install', subject, bytes: 0 } as const
    onProgress?.({ ...step, count: Number(count), total: Number(total) })
  }
}

async function fill(
  request: DnfRequest,
  { launcher, onProgress }: RootTools,
  program: string,
  { diff, signal }: LayerStaging,
): Promise<void> {
  const subject = `dnf:${request.release}`
  await using scratch = await openScratch(launcher)
  const config = join(scratch.path, 'dnf.conf')
  await writeFile(config, configuration(request.repos, scratch.path), { mode: 0o600 })
  await runTool({
    argv: [
      ...ownNamespaces(),
      program,
      `--config=${config}`,
      `--installroot=${diff}`,
      `--releasever=${request.release}`,
      '--disableplugin=*',
      '--assumeyes',
      'install',
      ...request.packages,
    ],
    env: { TMPDIR: scratch.path, HOME: scratch.path },
    subject,
    signal,
    onLine: tellSteps(onProgress),
    explain: (lines, failure) => explainDnf(subject, lines, failure),
  })
}

async function prepare(
  request: DnfRequest,
  tools: RootTools,
  signal: AbortSignal,
): Promise<RootRecipe> {
  const program = requireProgram('dnf', 'dnf')
  requireProgram('unshare', 'util-linux')
  const { packages, release, repos } = request
  if (process.geteuid?.() !== 0) {
    const why = 'dnf installs as root alone'
    throw distroError('ERR_UNSUPPORTED', `dnf:${release}`, why, 'Run it as root.')
  }
  const indexes = await Promise.all(
    repos.map(async (repo) => {
      const index = await readIndex(repo, release, signal)
      return [repo.id, repo.gpgkey ?? '', createHash('sha256').update(index).digest('hex')]
    }),
  )
  const subject = repos.map(({ id }) => id).join(', ')
  tools.onProgress?.({ phase: 'resolve', subject, bytes: 0, count: 1, total: packages.length })
  const recipe = ['dnf', RECIPE_VERSION, process.arch, release, packages, indexes]
  return {
    recipe: JSON.stringify(recipe),
    fill: (staging) => fill(request, tools, program, staging),
  }
}

/** The root of a request. */
export function dnfOrder(request: DnfRequest, tools: RootTools): RootOrder {
  const { maxAgeMs, packages, release, repos } = request
  return {
    name: `dnf/${requestKey([RECIPE_VERSION, process.arch, release, packages, repos])}`,
    subject: release,
    maxAgeMs,
    prepare: (_store, signal) => prepare(request, tools, signal),
  }
}
