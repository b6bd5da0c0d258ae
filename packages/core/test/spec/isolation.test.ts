import { defaultIsolation, parseContainerSpec, strictIsolation } from '@caisson/core'
import { expect } from 'chai'

const declared = new Set<string>()
const parse = (spec: object, declaredLimits: ReadonlySet<string> = declared) =>
  parseContainerSpec(spec, { from: 'dir:/root', declaredLimits }).container

describe('profile: strict', () => {
  it('closes everything, in one word', () => {
    const spec = parse({ profile: 'strict' })
    expect(spec.isolation).to.deep.equal(strictIsolation)
    expect(spec).to.deep.include({
      readonlyRoot: true,
      hostname: 'sandbox',
      user: '65534:65534',
      seccomp: 'strict',
      network: 'none',
      mounts: [{ kind: 'tmpfs', to: '/tmp', sizeBytes: 64 * 1024 ** 2, exec: false }],
      limits: { pids: 64, memory: { max: 256 * 1024 ** 2 } },
    })
    expect(Object.keys(spec.env)).to.deep.equal(['PATH', 'HOME'])
  })

  it('asks for CPU time where a limiter counts it', () => {
    expect(parse({ profile: 'strict' }, new Set(['cpuTime'])).limits).to.include({
      cpuTime: 60_000,
    })
  })

  it('is opened one by one by what stands beside it', () => {
    const opened: readonly (readonly [object, object])[] = [
      [{ readonlyRoot: false }, { readonlyRoot: false }],
      [{ hostname: 'mine' }, { hostname: 'mine' }],
      [{ user: '1:2' }, { user: '1:2' }],
      [{ seccomp: 'default' }, { seccomp: 'default' }],
      [{ network: 'host' }, { network: 'host' }],
    ]
    const closed = parse({ profile: 'strict' })
    for (const [field, expected] of opened) {
      const spec = parse({ profile: 'strict', ...field })
      expect(spec).to.deep.equal({ ...closed, ...expected, key: spec.key })
    }
    const fields: readonly object[] = [
      { landlock: false },
      { procfs: 'full' },
      { sysfs: 'readonly' },
      { devices: 'standard' },
      { oomScore: 0 },
      { ids: 'range' },
    ]
    for (const field of fields) {
      const { isolation } = parse({ profile: 'strict', ...field })
      expect(isolation).to.deep.equal({ ...strictIsolation, ...field })
    }
    const limits = parse({ profile: 'strict', limits: { pids: 5 } }).limits
    expect(limits).to.deep.equal({ pids: 5, memory: { max: 256 * 1024 ** 2 } })
  })

  it('leaves /tmp to the caller who mounts something there, and programs out of mounts', () => {
    const mounts = [{ kind: 'bind', from: '/data', to: '/tmp' }]
    expect(parse({ profile: 'strict', mounts }).mounts).to.deep.equal([
      {
        kind: 'bind',
        from: '/data',
        to: '/tmp',
        readonly: true,
        exec: false,
        symlinks: true,
        owner: 'container',
      },
    ])
  })
})

describe('what holds a container', () => {
  it('is the default where nothing is said', () => {
    expect(parse({}).isolation).to.equal(defaultIsolation)
    expect(parse({ profile: 'default' }).isolation).to.deep.equal(defaultIsolation)
  })

  it('takes names of kernel parameters as sysctl does', () => {
    const sysctls = { 'net.ipv4.ip_forward': 1, 'net/ipv4/conf/eth0.1/forwarding': '0' }
    expect(parse({ sysctls }).isolation.sysctls).to.deep.equal({
      'net/ipv4/ip_forward': '1',
      'net/ipv4/conf/eth0.1/forwarding': '0',
    })
  })

  const refused: readonly (readonly [object, string])[] = [
    [{ profile: 'loose' }, 'profile'],
    [{ landlock: 1 }, 'landlock'],
    [{ procfs: 'none' }, 'procfs'],
    [{ sysfs: true }, 'sysfs'],
    [{ devices: 'all' }, 'devices'],
    [{ ids: 1 }, 'ids'],
    [{ unmask: '/proc' }, 'unmask'],
    [{ unmask: ['/proc/'] }, 'unmask[0]'],
    [{ unmask: ['/sys/a', '/etc/shadow'] }, 'unmask[1]'],
    [{ unmask: ['/proc/../etc'] }, 'unmask[0]'],
    [{ sysctls: ['a'] }, 'sysctls'],
    [{ sysctls: { hostname: 'a' } }, 'sysctls["hostname"]'],
    [{ sysctls: { 'net..a': 'a' } }, 'sysctls["net..a"]'],
    [{ sysctls: { 'net/../kernel/core_pattern': 'a' } }, 'sysctls["net/../kernel/core_pattern"]'],
    [{ sysctls: { '/kernel/core_pattern': 'a' } }, 'sysctls["/kernel/core_pattern"]'],
    [{ sysctls: { 'net.a': 'a\nb' } }, 'sysctls["net.a"]'],
    [{ sysctls: { 'net.a': {} } }, 'sysctls["net.a"]'],
    [{ oomScore: -1 }, 'oomScore'],
    [{ oomScore: 1001 }, 'oomScore'],
    [{ oomScore: 0.5 }, 'oomScore'],
    [{ allowDegraded: 'landlock' }, 'allowDegraded'],
    [{ allowDegraded: [1] }, 'allowDegraded[0]'],
    [{ mounts: [{ kind: 'bind', from: '/a', to: '/a', owner: 'me' }] }, 'mounts[0].owner'],
    [{ mounts: [{ kind: 'bind', from: '/a', to: '/a', exec: 'no' }] }, 'mounts[0].exec'],
    [{ mounts: [{ kind: 'bind', from: '/a', to: '/a', symlinks: 0 }] }, 'mounts[0].symlinks'],
    [{ mounts: [{ kind: 'tmpfs', to: '/a', owner: 'source' }] }, 'mounts[0].owner'],
  ]
  for (const [spec, field] of refused) {
    it(`refuses ${JSON.stringify(spec)}, naming ${field}`, () => {
      expect(() => parse(spec))
        .to.throw()
        .that.includes({ code: 'ERR_INVALID_SPEC', field })
    })
  }
})
