import type { CaissonError } from '@caisson/core'
import { explainFailure, type Meaning } from '../tools/explain-failure.js'
import type { ToolFailure } from '../tools/tool-failure.js'

const keys = 'Give the key of whoever signs the packages as `gpgkey`; never skip the check.'

const meanings: readonly Meaning[] = [
  {
    said: /^No match for argument|Unable to find a match/,
    code: 'ERR_PACKAGE_NOT_FOUND',
    fix: 'Correct the name of the package, or add the repository that has it.',
  },
  {
    // names the package
    said: /is not signed|Failing package is|Public key for .* is not installed|Problem opening package/i,
    code: 'ERR_SIGNATURE_INVALID',
    fix: keys,
  },
  {
    said: /GPG check FAILED|not correct for this package|Failed to retrieve GPG key/i,
    code: 'ERR_SIGNATURE_INVALID',
    fix: keys,
  },
  {
    said: /checksum doesn't match|Checksum error/i,
    code: 'ERR_DIGEST_MISMATCH',
    fix: 'Make the index of the repository anew, or use another mirror.',
  },
  {
    said: /nothing provides /,
    code: 'ERR_DEPENDENCY_UNSATISFIED',
    fix: 'Add the repository that has it.',
  },
  {
    said: /conflicting requests|Problem: /,
    code: 'ERR_DEPENDENCY_UNSATISFIED',
    fix: 'See the lines in the cause.',
  },
  {
    said: /Failed to download metadata|Cannot download|Curl error|No more mirrors|Error downloading packages/,
    code: 'ERR_MIRROR_UNREACHABLE',
    fix: 'Check the network and `baseurl`.',
  },
  {
    said: /superuser privileges|must be root/i,
    code: 'ERR_UNSUPPORTED',
    fix: 'Run it as root.',
  },
  {
    said: /more space|No space left on device/i,
    code: 'ERR_STORE_SPACE',
    fix: 'Make room there.',
  },
]

/** What a failure of dnf means, judged by what it said. */
export function explainDnf(
  subject: string,
  lines: readonly string[],
  failure: ToolFailure,
): CaissonError {
  return explainFailure({ subject, lines, failure, meanings, errorForm: /^Error:/ })
}
