import { expect } from 'chai'
import { computeHostView } from '../dist/host-view.js'
import { fakeHost, type FakeTree } from './fake-host.js'

const none = { include: [], mask: [] }

const debian: FakeTree = {
  '/bin': 'usr/bin',
  '/lib': 'usr/lib',
  '/lib64': 'usr/lib64',
  '/sbin': 'usr/sbin',
  '/usr/': 0o755,
  '/usr/bin/': 0o755,
  '/usr/share/': 0o755,
  '/usr/tmp': '../var/tmp',
  '/usr/stray': 0o644,
  '/etc/': 0o755,
  '/etc/passwd': 0o644,
  '/etc/shadow': 0o640,
  '/etc/private-of-a-daemon': 0o600,
  '/etc/private-dir/': 0o750,
  '/etc/ssh/': 0o755,
  '/etc/ssh/ssh_config': 0o644,
  '/etc/ssh/ssh_host_ed25519_key': 0o644,
  '/opt/': 0o755,
  '/var/': 0o755,
  '/var/lib/': 0o755,
  '/var/lib/dpkg/': 0o755,
  '/var/lib/docker/': 0o710,
  '/var/lib/mysql/': 0o700,
  '/home/': 0o755,
  '/home/me/': 0o755,
  '/home/me/src/': 0o755,
  '/data/': 0o755,
  '/secret-file': 0o644,
}

function partsOf(view: ReturnType<typeof computeHostView>): string[] {
  return view.parts.map((part) => `${part.at} <- ${part.lowers.join(' ')}`)
}

describe('computeHostView', () => {
  for (const mode of ['root', 'user'] as const) {
    it(`shows the system directories and nothing else of the host (${mode})`, () => {
      const view = computeHostView(fakeHost(mode, debian), none)
      expect(partsOf(view)).to.deep.equal([
        '/ <- ',
        '/etc <- /etc',
        '/opt <- /opt',
        '/usr <- /usr',
        '/var/lib <- /var/lib',
      ])
      const paths = view.extras.map((extra) => extra.path)
      expect(paths).not.to.include.members(['/data'])
      expect(paths).not.to.include('/secret-file')
      expect(view.split).to.deep.equal([])
    })

    it(`keeps what belongs to users, daemons and the kernel empty (${mode})`, () => {
      const { extras } = computeHostView(fakeHost(mode, debian), none)
      expect(extras).to.deep.include.members([
        { kind: 'directory', path: '/tmp', mode: 0o1777 },
        { kind: 'directory', path: '/var/tmp', mode: 0o1777 },
        { kind: 'directory', path: '/root', mode: 0o700 },
        { kind: 'directory', path: '/home', mode: 0o755 },
        { kind: 'directory', path: '/run', mode: 0o755 },
        { kind: 'directory', path: '/proc', mode: 0o555 },
        { kind: 'symlink', path: '/var/run', target: '/run' },
      ])
    })

    it(`keeps the links at the top as they are (${mode})`, () => {
      const { extras } = computeHostView(fakeHost(mode, debian), none)
      expect(extras).to.deep.include({ kind: 'symlink', path: '/bin', target: 'usr/bin' })
      expect(extras).to.deep.include({ kind: 'symlink', path: '/lib64', target: 'usr/lib64' })
    })

    it(`hides secrets by name, and whatever others may not read (${mode})`, () => {
      const { masked } = computeHostView(fakeHost(mode, debian), none)
      expect(masked).to.include.members([
        '/etc/shadow',
        '/etc/private-of-a-daemon',
        '/etc/private-dir',
        '/etc/ssh/ssh_host_ed25519_key',
        '/var/lib/docker',
        '/var/lib/mysql',
        '/var/lib/caisson',
      ])
      for (const shown of ['/etc/passwd', '/etc/ssh', '/etc/ssh/ssh_config', '/var/lib/dpkg']) {
        expect(masked).not.to.include(shown)
      }
    })
  }

  it('takes real directories at the top as parts on a host that has not merged them', () => {
    const view = computeHostView(fakeHost('root', { '/bin/': 0o755, '/usr/': 0o755 }), none)
    expect(partsOf(view)).to.deep.equal(['/ <- ', '/bin <- /bin', '/usr <- /usr'])
  })

  it('as root, adds disks that are mounted below a system directory, and nothing that is no disk', () => {
    const mounts = {
      '/usr': 'ext4',
      '/usr/share': 'xfs',
      '/usr/bin': 'tmpfs',
      '/var/lib/docker/overlay2/x/merged': 'overlay',
      '/var/lib/docker': 'ext4',
    }
    const view = computeHostView(fakeHost('root', debian, mounts), none)
    expect(partsOf(view)).to.deep.equal([
      '/ <- ',
      '/etc <- /etc',
      '/opt <- /opt',
      '/usr <- /usr',
      '/usr/share <- /usr/share',
      '/var/lib <- /var/lib',
    ])
  })

  it('as a user, goes one level down where mounts lie below, and says which files are lost', () => {
    const view = computeHostView(fakeHost('user', debian, { '/usr/share': 'ext4' }), none)
    expect(partsOf(view)).to.deep.equal([
      '/ <- ',
      '/etc <- /etc',
      '/opt <- /opt',
      '/usr/bin <- /usr/bin',
      '/usr/share <- /usr/share',
      '/var/lib <- /var/lib',
    ])
    expect(view.split).to.deep.equal(['/usr'])
    expect(view.extras).to.deep.include({ kind: 'directory', path: '/usr', mode: 0o755 })
    expect(view.extras).to.deep.include({
      kind: 'symlink',
      path: '/usr/tmp',
      target: '../var/tmp',
    })
  })

  it('shows what is included, with the directories above it, and hides what is masked', () => {
    const options = { include: ['/home/me/src', '/data'], mask: ['/opt/internal'] }
    const view = computeHostView(fakeHost('root', debian), options)
    expect(partsOf(view)).to.include.members(['/home/me/src <- /home/me/src', '/data <- /data'])
    expect(view.extras).to.deep.include({ kind: 'directory', path: '/home/me', mode: 0o755 })
    expect(view.masked).to.include('/opt/internal')
  })

  it('does not show secrets because a directory above them is included', () => {
    const options = { include: ['/etc', '/var'], mask: [] }
    const { masked } = computeHostView(fakeHost('root', debian), options)
    expect(masked).to.include.members(['/etc/shadow', '/var/lib/mysql'])
  })

  it('shows a secret that is included by its own name', () => {
    const options = { include: ['/var/lib/mysql'], mask: [] }
    const { masked } = computeHostView(fakeHost('root', debian), options)
    expect(masked).not.to.include('/var/lib/mysql')
    expect(masked).to.include('/etc/shadow')
  })

  it('is the same for the same host', () => {
    const [one, two] = [1, 2].map(() => computeHostView(fakeHost('root', debian), none))
    expect(two).to.deep.equal(one)
  })
})
