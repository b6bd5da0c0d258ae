import type { CaissonError } from '@caisson/core'
import { explainFailure, type Meaning } from '../tools/explain-failure.js'
import type { ToolFailure } from '../tools/tool-failure.js'

const others = 'use `debian:` or `mmdebstrap:`'

/** What it and the programs that it runs say when they fail, the most telling first. */
const meanings: readonly Meaning[] = [
  {
    said: /Couldn't find these debs/,
    code: 'ERR_PACKAGE_NOT_FOUND',
    fix: `Correct the name, or name the release that has it. It takes no package that only another one provides: ${others}.`,
  },
  {
    said: /No such script/,
    code: 'ERR_SUITE_NOT_FOUND',
    fix: `This debootstrap is older than the release: take a newer one, or ${others}.`,
  },
  {
    said: /Asked to install suite/,
    code: 'ERR_SUITE_NOT_FOUND',
    fix: 'Name the release as the mirror names it.',
  },
  {
    said: /Invalid Release signature|signed by unknown key|Keyring-based check|release signature file/,
    code: 'ERR_SIGNATURE_INVALID',
    fix: 'Use a mirror of Debian, or give the keys of whoever signed this as `keyring`.',
  },
  {
    said: /was corrupt/,
    code: 'ERR_DIGEST_MISMATCH',
    fix: 'Try again, or use another mirror: this one changed meanwhile, or is broken.',
  },
  {
    said: /No space left on device/,
    code: 'ERR_STORE_SPACE',
    fix: 'Make room where TMPDIR is: the root is made there first.',
  },
  {
    said: /Couldn't download|Failed getting release file/,
    code: 'ERR_MIRROR_UNREACHABLE',
    fix: 'Check the network, the proxy and the name of the mirror.',
  },
  {
    said: /Unable to execute target architecture/,
    code: 'ERR_ARCH_UNSUPPORTED',
    fix: 'Correct `architecture`, or use `debian:`, which runs nothing of the root.',
  },
  {
    said: /mounted with noexec or nodev/,
    code: 'ERR_STORE_IO',
    fix: 'Set TMPDIR to a directory whose programs may run.',
  },
  {
    said: /(unrecognized|unknown|invalid) option.*map-/,
    code: 'ERR_TOOL_MISSING',
    fix: `Users need unshare of util-linux 2.38 or newer: run it as root, or ${others}.`,
  },
  {
    said: /^unshare: |only run as root|mount: .*(permission|not permitted)/i,
    code: 'ERR_USER_NAMESPACE',
    fix: `Run as root, let this user make user namespaces (\`engine.doctor()\` names the setting), or use \`debian:\`.`,
  },
  {
    said: /dependency problems|unmet dependencies/,
    code: 'ERR_DEPENDENCY_UNSATISFIED',
    fix: `It takes the first of alternative dependencies, whatever conflicts: ${others}.`,
  },
]

/** The error that a failure of debootstrap means, judged by what it said and what its log has. */
export function explainDebootstrap(
  subject: string,
  lines: readonly string[],
  failure: ToolFailure,
): CaissonError {
  return explainFailure({ subject, lines, failure, meanings, errorForm: /^E: |Failure/ })
}
