import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram, type DirectoryJail, type Launcher } from '@caisson/core'
import { unpackTar } from '@caisson/tar'
import type { ResolvedSources } from '../debian/resolve-sources.js'
import type { ReportProgress } from '../progress.js'
import { RootFiles } from '../root-files.js'
import { runTool } from '../tools/run-tool.js'
import { openScratch } from '../tools/scratch.js'
import { explainMmdebstrap } from './explain-mmdebstrap.js'
import type { MmdebstrapRequest } from './mmdebstrap-options.js'
import { chooseMode } from './privilege.js'

/** What mmdebstrap is to make. */
export interface MmdebstrapBuild {
  readonly request: MmdebstrapRequest & ResolvedSources
  /** The latest time that a file may have: that of the index. */
  readonly date: Date
  readonly launcher: Launcher
  readonly signal: AbortSignal
  readonly report: ReportProgress
}

/** Steps that it tells of. */
const steps: readonly (readonly [RegExp, 'download' | 'install'])[] = [
  [/^I: downloading packages/, 'download'],
  [/^I: (extracting|installing)/, 'install'],
]

/** Arguments after `mmdebstrap`; none is a word of a shell. */
export function mmdebstrapArguments({
  request,
  mode,
  keyring,
}: {
  readonly request: MmdebstrapRequest & ResolvedSources
  readonly mode: string
  readonly keyring: string
}): readonly string[] {
  const { packages, variant, architecture, suite, sources } = request
  return [
    `--mode=${mode}`,
    `--variant=${variant}`,
    `--architectures=${architecture}`,
    '--format=tar',
    // not `signed-by`, which would stay in the root
    `--keyring=${keyring}`,
    // containers have a /dev of their own, and only root can make devices
    '--skip=output/dev',
    ...(packages.length === 0 ? [] : [`--include=${packages.join(',')}`]),
    suite,
    '-',
    ...sources.map((one) => `deb ${one.mirror} ${one.suite} ${one.components.join(' ')}`),
  ]
}

/** What it copies from the host, and what is there instead. */
const ofHost: ReadonlyMap<string, string> = new Map([
  ['etc/hostname', 'localhost\n'],
  ['etc/resolv.conf', ''],
])

/** The same packages are to make the same root, and whose host it was is nobody's affair. */
async function unpackWithoutHost(
  bytes: AsyncIterable<Uint8Array>,
  jail: DirectoryJail,
  date: Date,
  signal: AbortSignal,
): Promise<void> {
  const found = new Map<string, string>()
  await unpackTar(bytes, jail, {
    signal,
    filter: ({ path }) => {
      const name = path.toString('latin1').replace(/^\.?\/+/, '')
      const text = ofHost.get(name)
      if (text !== undefined) found.set(name, text)
      return text === undefined
    },
  })
  const root = new RootFiles(jail, date)
  for (const [name, text] of found) await root.file(`/${name}`, text)
  await root.settle()
}

/**
 * Runs mmdebstrap, whose archive is unpacked as it comes; it never writes where the root is.
 * @throws CaissonError ERR_TOOL_MISSING, ERR_USER_NAMESPACE, of `explainMmdebstrap`, of `unpackTar`, ERR_ABORTED
 */
export async function buildByMmdebstrap(
  jail: DirectoryJail,
  { request, date, launcher, signal, report }: MmdebstrapBuild,
): Promise<void> {
  const subject = `mmdebstrap:${request.suite}`
  const program = requireProgram('mmdebstrap', 'mmdebstrap')
  const mode = chooseMode(subject)
  await using scratch = await openScratch(launcher)
  // apt reads it as another user, who may not pass to where it is
  const keyring = join(scratch.path, 'keyring.gpg')
  copyFileSync(request.keyring, keyring)
  await runTool({
    argv: [program, ...mmdebstrapArguments({ request, mode, keyring })],
    env: {
      TMPDIR: scratch.path,
      SOURCE_DATE_EPOCH: String(Math.floor(date.getTime() / 1000)),
    },
    subject,
    signal,
    onLine: (line) => {
      const phase = steps.find(([form]) => form.test(line))?.[1]
      if (phase !== undefined) report({ phase, subject: line.slice(3), bytes: 0 })
    },
    output: async (bytes) => {
      await unpackWithoutHost(bytes, jail, date, signal)
    },
    explain: (lines, failure) => explainMmdebstrap(subject, lines, failure),
  })
}
