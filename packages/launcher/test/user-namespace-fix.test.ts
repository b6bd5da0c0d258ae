import { expect } from 'chai'
import { diagnoseUserNamespaces } from '../dist/user-namespace-fix.js'

const free = { maxUserNamespaces: '15000', unprivilegedClone: '', apparmorRestrict: '' }

describe('diagnoseUserNamespaces', () => {
  const table: [string, typeof free, string, string][] = [
    [
      'the limit of 0',
      { ...free, maxUserNamespaces: '0' },
      'ENOSPC',
      'user.max_user_namespaces=15000',
    ],
    [
      "Debian's switch",
      { ...free, unprivilegedClone: '0' },
      'EPERM',
      'kernel.unprivileged_userns_clone=1',
    ],
    [
      'AppArmor',
      { ...free, apparmorRestrict: '1' },
      'EPERM',
      'apparmor_restrict_unprivileged_userns=0',
    ],
    [
      'the limit before AppArmor',
      { ...free, apparmorRestrict: '1' },
      'ENOSPC',
      'max_user_namespaces',
    ],
    ['the number in use', free, 'EUSERS', 'end other containers'],
    ['the kernel', free, 'EINVAL', 'CONFIG_USER_NS'],
    ['a container around', free, 'EPERM', 'seccomp=unconfined'],
  ]
  for (const [what, settings, errno, fix] of table) {
    it(`names ${what}`, () => {
      expect(diagnoseUserNamespaces(settings, errno, '/opt/launcher').fix).to.include(fix)
    })
  }
})
