import type { CaissonError, ErrorCode } from '@caisson/core'
import { distroError } from '../distro-error.js'
import type { ToolFailure } from '../tools/tool-failure.js'

const meanings: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /^No match for argument|Unable to find a match/,
    'ERR_PACKAGE_NOT_FOUND',
    'Correct the name of the package, or add the repository that has it.',
  ],
  [
    /is not signed|GPG check FAILED|GPG key|not correct for this package|Public key for .* is not installed/i,
    'ERR_SIGNATURE_INVALID',
    'Give the key of whoever signs the packages as `gpgkey`; never skip the check.',
  ],
  [
    /checksum doesn't match|Checksum error/i,
    'ERR_DIGEST_MISMATCH',
    'Make the index of the repository anew, or use another mirror.',
  ],
  [/nothing provides /, 'ERR_DEPENDENCY_UNSATISFIED', 'Add the repository that has it.'],
  [/conflicting requests|Problem: /, 'ERR_DEPENDENCY_UNSATISFIED', 'See the lines in the cause.'],
  [
    /Failed to download metadata|Cannot download|Curl error|No more mirrors|Error downloading packages/,
    'ERR_MIRROR_UNREACHABLE',
    'Check the network and `baseurl`.',
  ],
  [/superuser privileges|must be root/i, 'ERR_UNSUPPORTED', 'Run it as root.'],
  [/more space|No space left on device/i, 'ERR_STORE_SPACE', 'Make room there.'],
]

/** What a failure of dnf means: the first meaning of the table that one of its lines has. */
export function explainDnf(
  subject: string,
  lines: readonly string[],
  failure: ToolFailure,
): CaissonError {
  for (const [form, code, fix] of meanings) {
    const line = lines.find((one) => form.test(one))
    if (line !== undefined) return distroError(code, subject, line.trim(), fix, failure)
  }
  const why = lines.find((line) => line.startsWith('Error:')) ?? lines.at(-1) ?? 'it failed'
  return distroError('ERR_ROOTFS_INVALID', subject, why, 'See what it said in the cause.', failure)
}
