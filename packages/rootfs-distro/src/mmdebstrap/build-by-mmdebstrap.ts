import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram, type DirectoryJail } from '@caisson/core'
import type { BootstrapBuild, Bootstrapper } from '../bootstrap/bootstrap-order.js'
import { unpackWithoutHost } from '../bootstrap/unpack-without-host.js'
import { ownNamespaces } from '../tools/own-namespaces.js'
import { chooseMode } from '../tools/privilege.js'
import { runTool } from '../tools/run-tool.js'
import { openScratch } from '../tools/scratch.js'
import { explainMmdebstrap } from './explain-mmdebstrap.js'

/** Steps that it tells of. */
const steps: readonly (readonly [RegExp, 'download' | 'install'])[] = [
  [/^I: downloading packages/, 'download'],
  [/^I: (extracting|installing)/, 'install'],
]

/** Arguments after `mmdebstrap`; none is a word of a shell. */
function mmdebstrapArguments({
  request,
  mode,
  keyring,
}: {
  readonly request: BootstrapBuild['request']
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

/**
 * Runs mmdebstrap, whose archive is unpacked as it comes; it never writes where the root is.
 * @throws CaissonError ERR_TOOL_MISSING, ERR_USER_NAMESPACE, of `explainMmdebstrap`, of `unpackTar`, ERR_ABORTED
 */
async function build(
  jail: DirectoryJail,
  { request, date, launcher, signal, report }: BootstrapBuild,
): Promise<void> {
  const subject = `mmdebstrap:${request.suite}`
  const program = requireProgram('mmdebstrap', 'mmdebstrap')
  const mode = chooseMode(subject)
  await using scratch = await openScratch(launcher)
  // apt reads it as another user, who may not pass to where it is
  const keyring = join(scratch.path, 'keyring.gpg')
  copyFileSync(request.keyring, keyring)
  const call = [program, ...mmdebstrapArguments({ request, mode, keyring })] as const
  await runTool({
    // as root it mounts /sys and /dev/shm of the host below its root, and leaves them there when it is killed, where what
    // removes that root would find them; as a user it has namespaces anyway
    argv: mode === 'root' ? [...ownNamespaces(), ...call] : call,
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
      await unpackWithoutHost(bytes, jail, { date, signal })
    },
    explain: (lines, failure) => explainMmdebstrap(subject, lines, failure),
  })
}

/** mmdebstrap(1) of the host. */
export const mmdebstrap: Bootstrapper = {
  name: 'mmdebstrap',
  recipeVersion: 1,
  oneSource: false,
  check: (subject) => {
    requireProgram('mmdebstrap', 'mmdebstrap')
    if (chooseMode(subject) === 'root') ownNamespaces()
  },
  build,
}
