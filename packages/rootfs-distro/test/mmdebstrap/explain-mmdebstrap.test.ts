import { expect } from 'chai'
import { explainMmdebstrap } from '../../dist/mmdebstrap/explain-mmdebstrap.js'
import { ToolFailure } from '../../dist/tools/tool-failure.js'

const said: readonly (readonly [string, string])[] = [
  ['E: Unable to locate package nosuch', 'ERR_PACKAGE_NOT_FOUND'],
  [
    "E: The repository 'http://x nosuch Release' does not have a Release file.",
    'ERR_SUITE_NOT_FOUND',
  ],
  [
    '  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)',
    'ERR_MIRROR_UNREACHABLE',
  ],
  ["  Could not resolve 'mirror.invalid'", 'ERR_MIRROR_UNREACHABLE'],
  ['E: failed to parse /etc/subuid', 'ERR_USER_NAMESPACE'],
  ['E: /etc/subuid is empty', 'ERR_USER_NAMESPACE'],
  ['E: need to be root', 'ERR_USER_NAMESPACE'],
  ['E: The following signatures were invalid: BADSIG 1234', 'ERR_SIGNATURE_INVALID'],
  [' x : Depends: y but it is not installable; unmet dependencies', 'ERR_DEPENDENCY_UNSATISFIED'],
  ['E: write failed: No space left on device', 'ERR_STORE_SPACE'],
  ['E: something else', 'ERR_ROOTFS_INVALID'],
]

describe('explainMmdebstrap', () => {
  for (const [line, code] of said) {
    it(`takes "${line}" for ${code}`, () => {
      const lines = ['I: running apt-get update...', line, 'E: mmdebstrap failed to run']
      const failure = new ToolFailure(['mmdebstrap'], { exitCode: 25, signal: undefined }, lines)
      const error = explainMmdebstrap('mmdebstrap:x', lines, failure)
      expect(error.code).to.equal(code)
      expect(error.message).to.include(line.replace('E: ', '').trim())
      expect(error.cause).to.equal(failure)
    })
  }
})
