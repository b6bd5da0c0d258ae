// The table of docs/security.md, column by column, as it is found from inside a container.
import { expect } from 'chai'
import { createEngine, type PresetEngine } from 'caisson'
import { hostNamespaces, measure, namespaces, type Measured } from './measured-defaults.js'

const noCapability = '0000000000000000'
const tenCapabilities = '00000000800404fb'

/** Of everything that is mounted: the attributes, the type and the options of the file system. */
function mounts(found: Measured) {
  return Object.entries(found).flatMap(([name, text]) => {
    if (!name.startsWith('mount/')) return []
    const [flags = '', type = '', , options = ''] = text.split(' ')
    const all = new Set(flags.split(','))
    return [{ at: name.slice('mount'.length), flags: all, type, options }]
  })
}

const hidden = (found: Measured) =>
  Object.entries(found).filter(([name, text]) => name.startsWith('hidden/') && text === 'shown')

describe('the defaults, as they are found from inside', function () {
  this.timeout(60_000)
  let engine: PresetEngine
  let found: Measured
  let ids: number

  before(async () => {
    engine = await createEngine()
    found = await measure(engine)
    ids = Number(found['ids']?.split(' ').reduce((sum, count) => sum + Number(count), 0))
  })
  after(() => engine[Symbol.asyncDispose]())

  it('are root of a user namespace of its own, in no group', () => {
    expect(found).to.include({ user: '0 0 0 0 0 0 0 0' })
    // without a range, the one group that this user has stays as it is: nobody may drop it
    if (ids > 1) expect(found['groups']).to.equal('')
    expect([1, 65_536]).to.include(ids)
  })

  it('are ten capabilities in three sets, and none that is inherited or ambient', () => {
    expect(found).to.include({
      CapInh: noCapability,
      CapPrm: tenCapabilities,
      CapEff: tenCapabilities,
      CapBnd: tenCapabilities,
      CapAmb: noCapability,
    })
  })

  it('are no new privileges and a filter', () => {
    expect(found).to.include({ no_new_privs: '1', seccomp: '2' })
  })

  it('are namespaces of its own of every kind', () => {
    const outside = hostNamespaces()
    for (const name of namespaces) {
      expect(found[`ns-${name}`], name).to.match(new RegExp(`^${name}:\\[\\d+\\]$`))
      expect(found[`ns-${name}`], name).not.to.equal(outside[name])
    }
    expect(found['interfaces']).to.equal('lo')
  })

  it('hide what /proc and /sys tell of the machine, and keep the rest of it from being written', () => {
    expect(hidden(found)).to.deep.equal([])
    for (const [name, text] of Object.entries(found)) {
      if (name.startsWith('readonly/')) expect(['ro', 'absent'], name).to.include(text)
    }
    expect(found['readonly/proc/sys']).to.equal('ro')
  })

  it('are a /dev of six devices and links, and no core', () => {
    expect(found['dev']).to.equal(
      'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero',
    )
    expect(found['dev-core']).to.equal('absent')
  })

  it('are mounts without set-user-ID programs and devices, and limits on every tmpfs', () => {
    const all = mounts(found)
    expect(all.length).to.be.greaterThan(15)
    for (const { at, flags, type, options } of all) {
      expect(flags.has('nosuid'), `nosuid on ${at}`).to.equal(true)
      const isOurDevice = type === 'devtmpfs' || at === '/dev' || at === '/dev/pts'
      if (!isOurDevice) expect(flags.has('nodev'), `nodev on ${at}`).to.equal(true)
      if (type !== 'tmpfs') continue
      expect(options, at).to.match(/\bsize=\d+k\b/)
      expect(options, at).to.match(/\bnr_inodes=\d+\b/)
    }
    const inert = all.filter(({ at }) => ['/proc', '/sys', '/dev/shm', '/dev/mqueue'].includes(at))
    expect(inert).to.have.length(4)
    for (const { at, flags } of inert) expect(flags.has('noexec'), at).to.equal(true)
  })

  it('are few descriptors, no core dumps, little locked memory', () => {
    const [soft = 0, hard = 0] = (found['rlimit-open'] ?? '').split(' ').map(Number)
    expect(soft).to.be.at.most(1024).and.greaterThan(0)
    expect(hard).to.be.at.most(4096).and.greaterThan(0)
    expect(found['rlimit-core']).to.equal('1 1')
    expect((found['rlimit-locked'] ?? '').split(' ').map(Number)).to.satisfy((both: number[]) =>
      both.every((bytes) => bytes <= 65_536),
    )
  })

  it('are an end before that of its maker when memory is short', () => {
    expect(Number(found['oom'])).to.be.at.least(250)
  })

  it('are a root that takes writes and keeps none, and programs in it', () => {
    expect(found).to.include({ 'write-root': 'yes', 'exec-tmp': 'yes', cwd: '/', umask: '0022' })
  })

  it('are an environment of PATH and HOME, and a host name out of the id', () => {
    expect(found['env']).to.equal('HOME PATH')
    expect(found['hostname']).to.match(/^[0-9a-f]{12}$/)
  })

  it('are no descriptor but 0, 1 and 2', () => {
    // ls has opened the directory itself
    expect(found['fds']).to.equal('4')
  })
})

describe('profile: strict, as it is found from inside', function () {
  this.timeout(60_000)
  let engine: PresetEngine
  let found: Measured

  before(async () => {
    engine = await createEngine()
    found = await measure(engine, strict)
  })
  after(() => engine[Symbol.asyncDispose]())

  // this machine may have no limiter for them; that they are asked for is another test
  const strict = { profile: 'strict', allowDegraded: ['pids', 'memory'] } as const

  it('is nobody, by one id, in no group, without a capability', () => {
    expect(found).to.include({ user: Array.from({ length: 8 }, () => '65534').join(' '), ids: '1' })
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(found[set], set).to.equal(noCapability)
    }
    expect(found).to.include({ no_new_privs: '1', seccomp: '2' })
  })

  it('is a /proc of processes alone, no /sys, five devices', () => {
    expect(found['proc']).to.equal('self thread-self')
    expect(found['sys']).to.equal('')
    expect(found['dev']).to.equal('fd full null random stderr stdin stdout urandom zero')
    expect(hidden(found)).to.deep.equal([])
  })

  it('is a root that takes no writes, /tmp that does, and programs in the root alone', () => {
    expect(found).to.include({ 'write-root': 'no', 'write-tmp': 'yes', 'exec-tmp': 'no' })
    const all = mounts(found)
    const root = all.filter(({ type, at }) => type === 'overlay' || at === '/').map(({ at }) => at)
    for (const { at, flags, type } of all) {
      expect(flags.has('nosuid'), `nosuid on ${at}`).to.equal(true)
      if (!root.includes(at)) expect(flags.has('noexec'), `noexec on ${at}`).to.equal(true)
      else expect(flags.has('ro'), `ro on ${at} (${type})`).to.equal(true)
    }
  })

  it('is limits on everything that a process can use up', () => {
    const numbers = (name: string) => (found[`rlimit-${name}`] ?? '').split(' ').map(Number)
    const [processes = Infinity] = numbers('processes')
    const [files = Infinity] = numbers('file')
    const [stack = Infinity] = numbers('stack')
    const [cpu = Infinity] = numbers('cpu')
    expect(processes).to.be.at.most(64)
    expect(files).to.be.at.most(256 * 1024 ** 2)
    expect(stack).to.be.at.most(8 * 1024 ** 2)
    // a limiter that counts all together leaves each process some room above
    expect(cpu).to.be.at.most(2 * 60)
    expect(found['oom']).to.equal('1000')
  })

  it('is called sandbox, and knows PATH and HOME', () => {
    expect(found['hostname']).to.equal('sandbox')
    expect(found['env']).to.equal('HOME PATH')
    expect(found['interfaces']).to.equal('lo')
  })

  it('says all that in its result', async () => {
    const { protections } = await engine.run(['true'], strict)
    expect(protections).to.include.members([
      'user-namespace',
      'single-id',
      'pivot-root',
      'network-none',
      'readonly-root',
      'no-new-privileges',
      'capabilities',
      'seccomp',
      'landlock',
      'pids-only-proc',
      'no-sys',
      'own-devices',
      'keyring',
      'rlimits',
      'oom-score',
    ])
  })
})
