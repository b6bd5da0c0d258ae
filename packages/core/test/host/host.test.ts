import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { defaultStateDir, readHostFacts } from '@caisson/core'
import { hostLayers } from '../../dist/host/host-layers.js'

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
      '/proc/sys/kernel/seccomp/actions_avail': 'kill_process errno allow\n',
    })
    const facts = readHostFacts(read, 1000, 'joe', '6.8.0-45-generic')
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
      const advice = readHostFacts(reader({ [path]: value }), 0, 'root').advice.join()
      expect(advice, 'root needs none').not.to.include(fix)
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

const mountinfo = (...mounts: readonly (readonly [at: string, type: string])[]) =>
  mounts.map(([at, type]) => `1 2 0:3 / ${at} rw,relatime shared:1 - ${type} none rw`).join('\n')

const good = {
  '/proc/self/mountinfo': mountinfo(
    ['/', 'ext4'],
    ['/proc', 'proc'],
    ['/proc/sys/fs/binfmt_misc', 'autofs'],
  ),
  '/proc/sys/kernel/seccomp/actions_avail': 'kill_process errno allow',
  '/sys/kernel/security/lsm': 'lockdown,capability,landlock,yama,apparmor\n',
  '/proc/sys/vm/memfd_noexec': '0\n',
  '/proc/sys/user/max_net_namespaces': '63000\n',
}

const layer = (name: string, files: Readonly<Record<string, string>>, kernel = '6.8.0') =>
  readHostFacts(reader(files), 0, 'root', kernel).layers.find((one) => one.name === name)

describe('layers of a host', () => {
  it('are all given by a host that has them', () => {
    const { layers, advice } = readHostFacts(reader(good), 0, 'root', '6.8.0')
    expect(layers.filter(({ state }) => state !== 'given')).to.deep.equal([])
    expect(layers).to.have.length(8)
    expect(advice).to.deep.equal([])
  })

  const lacking: readonly (readonly [
    name: string,
    files: Readonly<Record<string, string>>,
    fix: string,
    kernel?: string,
  ])[] = [
    ['kernel', {}, '5.12', '5.10.0-28-amd64'],
    ['idmapped-mounts', {}, '5.12', '5.4.0'],
    [
      'namespaces',
      { '/proc/sys/user/max_net_namespaces': '0\n' },
      'sysctl -w user.max_net_namespaces=',
    ],
    [
      'landlock',
      { '/sys/kernel/security/lsm': 'capability,apparmor\n' },
      'lsm=landlock,capability,apparmor',
    ],
    ['sealed-launcher', { '/proc/sys/vm/memfd_noexec': '2\n' }, 'sysctl -w vm.memfd_noexec=1'],
    ['idmapped-mounts', { '/proc/self/mountinfo': mountinfo(['/', 'overlay']) }, 'allowDegraded'],
  ]
  for (const [name, files, fix, kernel] of lacking) {
    it(`are missing with what mends it: ${name}, ${JSON.stringify(files)} ${kernel ?? ''}`, () => {
      const all = { ...good, ...files }
      const found = layer(name, all, kernel)
      expect(found).to.include({ state: 'missing' })
      expect(found?.fix).to.include(fix)
      const { advice } = readHostFacts(reader(all), 0, 'root', kernel ?? '6.8.0')
      expect(advice.join()).to.include(fix)
    })
  }

  it('know for which processors the launcher filters what serves files', () => {
    const guard = readFileSync(new URL('../../../launcher/c/file-guard.c', import.meta.url), 'utf8')
    const has = (macro: string): boolean => guard.includes(`#define ARCHITECTURE ${macro}`)
    const arches = { x64: 'X86_64', arm64: 'AARCH64', riscv64: 'RISCV64', s390x: 'S390X' }
    for (const [arch, macro] of Object.entries(arches)) {
      const found = hostLayers(reader(good), '6.8.0', arch).find(
        ({ name: is }) => is === 'file-server-filter',
      )
      expect(found?.state, arch).to.equal(has(`AUDIT_ARCH_${macro}`) ? 'given' : 'missing')
    }
    expect(guard.match(/#define ARCHITECTURE /g)).to.have.length(3)
  })

  it('know a container around by its masked /proc, which is in the way of users alone', () => {
    const masked = mountinfo(
      ['/', 'overlay'],
      ['/proc', 'proc'],
      ['/proc/kcore', 'tmpfs'],
      ['/proc/sys', 'proc'],
    )
    const files = { ...good, '/proc/self/mountinfo': masked }
    expect(layer('fresh-procfs', files)).to.include({ state: 'missing' })
    const advice = (uid: number) => readHostFacts(reader(files), uid, 'joe', '6.8.0').advice.join()
    expect(advice(1000)).to.include('systempaths=unconfined').and.include('unmask=ALL')
    expect(advice(0)).not.to.include('systempaths')
  })

  it('are unknown where nothing can be read', () => {
    expect(layer('landlock', {})).to.include({ state: 'unknown' })
    expect(layer('idmapped-mounts', {})).to.include({ state: 'unknown' })
    expect(layer('seccomp', {})).to.include({ state: 'missing' })
  })

  it('are read of this host', () => {
    const { layers } = readHostFacts()
    expect(layers.find(({ name }) => name === 'kernel')).to.include({ state: 'given' })
    expect(layers.find(({ name }) => name === 'seccomp')).to.include({ state: 'given' })
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
