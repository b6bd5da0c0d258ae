import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireProgram } from '@caisson/core'
import { unpackTar } from '@caisson/tar'
import type { RootOrder, RootRecipe, RootTools } from '../built-roots.js'
import { requestKey } from '../debian/resolve-sources.js'
import { distroError } from '../distro-error.js'
import { download } from '../download.js'
import { openJail } from '../open-jail.js'
import type { BuildProgress } from '../progress.js'
import { moveTree } from '../tools/move-tree.js'
import { chooseMode, namespacesOf } from '../tools/privilege.js'
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
  const tell = (phase: 'download' | 'install', subject = '', count = '1', total = '1'): void =>
    onProgress?.({ phase, subject, bytes: 0, count: Number(count), total: Number(total) })
  return (line) => {
    // `(2/7): busybox-1-1.noarch.rpm    1.2 MB/s | 1.0 MB`, without numbers when there is one
    const fetched = /^(?:\((\d+)\/(\d+)\): )?(\S+)\.rpm\s.*\|/.exec(line)
    if (fetched !== null) tell('download', fetched[3], fetched[1], fetched[2])
    // `  Installing       : busybox-1-1.noarch       2/7`
    const installed = /^\s*Installing\s*: (\S+)\s+(\d+)\/(\d+)\s*$/.exec(line)
    if (installed !== null) tell('install', ...installed.slice(1))
  }
}

interface Installation {
  readonly request: DnfRequest
  readonly tools: RootTools
  readonly signal: AbortSignal
  /** Of temporary files. */
  readonly scratch: string
  readonly inside: readonly [string, ...string[]]
  /** Where it installs. */
  readonly root: string
}

async function install(place: Installation): Promise<void> {
  const { request, tools, signal, scratch, inside, root } = place
  const subject = `dnf:${request.release}`
  const config = join(scratch, 'dnf.conf')
  await writeFile(config, configuration(request.repos, scratch), { mode: 0o600 })
  await runTool({
    argv: [
      ...inside,
      requireProgram('dnf', 'dnf'),
      `--config=${config}`,
      `--installroot=${root}`,
      `--releasever=${request.release}`,
      '--disableplugin=*',
      '--assumeyes',
      'install',
      ...request.packages,
    ],
    env: { TMPDIR: scratch, HOME: scratch },
    subject,
    signal,
    onLine: tellSteps(tools.onProgress),
    explain: (lines, failure) => explainDnf(subject, lines, failure),
  })
}

/** As root it installs where the root is to be; a user's has ids there that only the launcher knows, and is moved there. */
async function fill(
  request: DnfRequest,
  tools: RootTools,
  diff: string,
  signal: AbortSignal,
): Promise<void> {
  const subject = `dnf:${request.release}`
  const { launcher } = tools
  const mode = chooseMode(subject)
  const inside = namespacesOf(mode)
  await using scratch = await openScratch(launcher)
  const root = mode === 'root' ? diff : join(scratch.path, 'root')
  await install({ request, tools, signal, scratch: scratch.path, inside, root })
  if (mode === 'root') return
  await using jail = await openJail(launcher, diff, subject)
  await moveTree({
    root,
    inside,
    subject,
    signal,
    unpack: async (bytes) => {
      await unpackTar(bytes, jail, { signal })
    },
    explain: (lines, failure) => explainDnf(subject, lines, failure),
  })
}

async function prepare(
  request: DnfRequest,
  tools: RootTools,
  signal: AbortSignal,
): Promise<RootRecipe> {
  const { packages, release, repos } = request
  requireProgram('dnf', 'dnf')
  namespacesOf(chooseMode(`dnf:${release}`))
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
    fill: ({ diff }) => fill(request, tools, diff, signal),
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
