import { expect } from 'chai'
import { explainDebootstrap } from '../../dist/debootstrap/explain-debootstrap.js'
import { ToolFailure } from '../../dist/tools/tool-failure.js'

const said: readonly (readonly [string, string])[] = [
  ["E: Couldn't find these debs: nosuch", 'ERR_PACKAGE_NOT_FOUND'],
  ['E: No such script: /usr/share/debootstrap/scripts/nosuch', 'ERR_SUITE_NOT_FOUND'],
  ['E: Asked to install suite a, but got b', 'ERR_SUITE_NOT_FOUND'],
  ['E: Invalid Release signature (key id 1234)', 'ERR_SIGNATURE_INVALID'],
  ['E: Release signed by unknown key (key id 1234)', 'ERR_SIGNATURE_INVALID'],
  ['W: /var/cache/apt/archives/one.deb was corrupt', 'ERR_DIGEST_MISMATCH'],
  ["E: Couldn't download packages: one", 'ERR_MIRROR_UNREACHABLE'],
  ['E: Failed getting release file http://x/Release', 'ERR_MIRROR_UNREACHABLE'],
  ['dpkg-deb: error: unable to write: No space left on device', 'ERR_STORE_SPACE'],
  ["E: Cannot install into target '/x' mounted with noexec or nodev", 'ERR_STORE_IO'],
  ["unshare: unrecognized option '--map-auto'", 'ERR_TOOL_MISSING'],
  ['unshare: unshare failed: Operation not permitted', 'ERR_USER_NAMESPACE'],
  ['mount: /x/dev/null: permission denied.', 'ERR_USER_NAMESPACE'],
  ['E: debootstrap can only run as root', 'ERR_USER_NAMESPACE'],
  ['E: Unable to execute target architecture', 'ERR_ARCH_UNSUPPORTED'],
  ['dpkg: dependency problems prevent configuration of one:', 'ERR_DEPENDENCY_UNSATISFIED'],
  ['E: something else', 'ERR_ROOTFS_INVALID'],
]

describe('explainDebootstrap', () => {
  for (const [line, code] of said) {
    it(`takes "${line}" for ${code}`, () => {
      const lines = ['I: Retrieving InRelease', line, 'W: See the log for details']
      const failure = new ToolFailure(['debootstrap'], { exitCode: 1, signal: undefined }, lines)
      const error = explainDebootstrap('debootstrap:x', lines, failure)
      expect(error.code).to.equal(code)
      expect(error.message).to.include(line.replace(/^[EW]: /, ''))
      expect(error.cause).to.equal(failure)
    })
  }
})
