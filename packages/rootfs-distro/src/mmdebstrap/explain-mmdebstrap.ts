import type { CaissonError } from '@caisson/core'
import { explainFailure, type Meaning } from '../tools/explain-failure.js'
import type { ToolFailure } from '../tools/tool-failure.js'

const mirror = 'Check the network, the proxy and the name of the mirror.'

/** What it and apt say when they fail, the most telling first. */
const meanings: readonly Meaning[] = [
  {
    said: /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/,
    code: 'ERR_PACKAGE_NOT_FOUND',
    fix: 'Correct the name, or name the release that has it.',
  },
  {
    said: /unmet dependencies|Unable to correct problems|held broken packages/,
    code: 'ERR_DEPENDENCY_UNSATISFIED',
    fix: 'See what it said: the cause of this error has its last lines.',
  },
  {
    said: /is not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|signatures (couldn't be verified|were invalid)/,
    code: 'ERR_SIGNATURE_INVALID',
    fix: 'Use a mirror of Debian, or give the keys of whoever signed this as `keyring`.',
  },
  {
    said: /does not have a Release file|no such release/,
    code: 'ERR_SUITE_NOT_FOUND',
    fix: 'Check the name of the release, or give another `mirror`.',
  },
  {
    said: /Could not (connect|resolve)|Unable to connect|Connection (failed|timed out)|Failed to fetch/,
    code: 'ERR_MIRROR_UNREACHABLE',
    fix: mirror,
  },
  {
    said: /failed to parse \/etc\/sub[ug]id|\/etc\/sub[ug]id is empty|new[ug]idmap/,
    code: 'ERR_USER_NAMESPACE',
    fix: 'Give this user ids of its own: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 <user>`.',
  },
  {
    said: /need to be root|must be root|unshare.*(not permitted|failed)|Operation not permitted/,
    code: 'ERR_USER_NAMESPACE',
    fix: 'Run as root, or let this user make user namespaces: `engine.doctor()` names the setting.',
  },
  {
    said: /No space left on device/,
    code: 'ERR_STORE_SPACE',
    fix: 'Make room where TMPDIR is: the root is made there first.',
  },
]

/** The error that a failure of mmdebstrap means, judged by what it and apt said. */
export function explainMmdebstrap(
  subject: string,
  lines: readonly string[],
  failure: ToolFailure,
): CaissonError {
  return explainFailure({ subject, lines, failure, meanings, errorForm: /^E: / })
}
