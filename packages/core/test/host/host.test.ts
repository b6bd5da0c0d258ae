import { expect } from 'chai'
import { defaultStateDir, readHostFacts } from '@caisson/core'

const reader =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    files[path]

describe('readHostFacts', () => {
  it('finds nothing to say about a host that allows everything', () => {
    const read = reader({
      '/proc/sys/user/max_user_namespaces': '63000\n',
      '/proc/sys/kernel/unprivileged_userns_clone': '1\n',
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '0\n',
      '/etc/subuid': 'joe:100000:65536\n',
      '/etc/subgid': 'other:1:5\n1000:100000:65536\n',
    })
    const facts = readHostFacts(read, 1000, 'joe')
    expect(facts).to.deep.include({
      uid: 1000,
      user: 'joe',
      subUids: 65_536,
      subGids: 65_536,
      advice: [],
    })
    expect(facts.userNamespaces.allowed).to.equal(true)
  })

  it('names each setting that forbids user namespaces, and the command that changes it', () => {
    const settings: readonly (readonly [string, string, string])[] = [
      ['/proc/sys/user/max_user_namespaces', '0\n', 'user.max_user_namespaces='],
      ['/proc/sys/kernel/unprivileged_userns_clone', '0\n', 'kernel.unprivileged_userns_clone=1'],
      ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n', 'AppArmor profile'],
    ]
    for (const [path, value, fix] of settings) {
      const facts = readHostFacts(reader({ [path]: value }), 1000, 'joe')
      expect(facts.userNamespaces.allowed, path).to.equal(false)
      expect(facts.advice[0]).to.include(fix)
      expect(
        readHostFacts(reader({ [path]: value }), 0, 'root').advice,
        'root needs none',
      ).to.deep.equal([])
    }
  })

  it('says what a missing range of ids costs, and reads no broken line as one', () => {
    const read = reader({ '/etc/subuid': 'joe:x:65536\njoe:1:-5\njoe\n', '/etc/subgid': '' })
    const facts = readHostFacts(read, 1000, 'joe')
    expect(facts.subUids).to.equal(0)
    expect(facts.advice.join()).to.include('--add-subuids').and.include('joe')
  })

  it('reads this host', () => {
    const facts = readHostFacts()
    expect(facts.uid).to.equal(process.getuid?.())
    expect(facts.kernel).to.match(/^\d+\.\d+/)
  })
})

describe('defaultStateDir', () => {
  it('is in /run for root, whatever a former user left in the environment', () => {
    expect(defaultStateDir(0, '/run/user/1000')).to.equal('/run/caisson')
  })

  it('is in the runtime directory of a user, or apart from others in /tmp', () => {
    expect(defaultStateDir(1000, '/run/user/1000')).to.equal('/run/user/1000/caisson')
    expect(defaultStateDir(1000, 'relative')).to.match(/\/caisson-1000$/)
    expect(defaultStateDir(1001, undefined)).to.match(/\/caisson-1001$/)
  })
})
