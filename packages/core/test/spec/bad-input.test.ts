import { expect } from 'chai'
import { createEngine, type Engine } from '@caisson/core'
import { FakeWorld } from '../support/fake-drivers.js'
import { call } from '../support/call.js'
import { thrown } from '../support/thrown.js'

type Row = readonly [code: string, field: string, options: object]

const nul = 'a\0b'
const invalid = 'ERR_INVALID_SPEC'
const range = 'ERR_LIMIT_RANGE'
const target = 'ERR_MOUNT_TARGET'
const mount = (to: unknown): object => ({ mounts: [{ kind: 'tmpfs', to }] })

const options: readonly Row[] = [
  [invalid, 'hostnme', { hostnme: 'x' }],
  [invalid, 'memory', { memory: 1 }],
  [invalid, 'name', { name: '../x' }],
  [invalid, 'name', { name: '.hidden' }],
  [invalid, 'name', { name: 'x'.repeat(129) }],
  [invalid, 'labels', { labels: ['x'] }],
  [invalid, 'labels.a', { labels: { a: nul } }],
  [invalid, 'labels.a', { labels: { a: 1 } }],
  [invalid, 'from', { from: 7 }],
  [invalid, 'from', { from: `fake:${nul}` }],
  ['ERR_ROOTFS_SCHEME', 'from', { from: '/srv/root' }],
  ['ERR_ROOTFS_SCHEME', 'from', { from: 'nope:x' }],
  [invalid, 'readonlyRoot', { readonlyRoot: 'yes' }],
  [invalid, 'readonlyPaths', { readonlyPaths: '/usr' }],
  [invalid, 'readonlyPaths', { readonlyPaths: Array.from({ length: 257 }, (_, n) => `/${n}`) }],
  [invalid, 'readonlyPaths[1]', { readonlyPaths: ['/usr', 'etc'] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: ['/usr/../etc'] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: ['/'] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: ['/proc/sys'] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: ['/dev'] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: [7] }],
  [invalid, 'readonlyPaths[0]', { readonlyPaths: [nul] }],
  [
    invalid,
    'readonlyPaths[0]',
    { readonlyPaths: ['/work/x'], mounts: [{ kind: 'tmpfs', to: '/work' }] },
  ],
  [invalid, 'writable.size', { writable: { size: -1 } }],
  [invalid, 'writable.bytes', { writable: { bytes: 1 } }],
  [invalid, 'writable.inodes', { writable: { inodes: 1.5 } }],
  [invalid, 'cwd', { cwd: 'relative' }],
  [invalid, 'cwd', { cwd: '/a/../b' }],
  [invalid, 'cwd', { cwd: `/${nul}` }],
  [invalid, 'cwd', { cwd: `/${'x'.repeat(5000)}` }],
  [invalid, 'env', { env: ['A=1'] }],
  [invalid, 'env.A', { env: { A: 1 } }],
  [invalid, 'env.A', { env: { A: nul } }],
  [invalid, 'env["A=B"]', { env: { 'A=B': '1' } }],
  [invalid, 'env[""]', { env: { '': '1' } }],
  [invalid, 'env.HOME', { env: { HOME: '/x\nroot::0:0::/:/bin/sh' } }],
  [invalid, 'env.HOME', { env: { HOME: '/x:/y' } }],
  [invalid, 'env.HOME', { env: { HOME: '/x\n/y' } }],
  [invalid, 'env.HOME', { env: { HOME: '/x\r/y' } }],
  ['ERR_ARGV_TOO_LARGE', 'env.A', { env: { A: 'x'.repeat(131_072) } }],
  [invalid, 'user', { user: -1 }],
  [invalid, 'user', { user: '-1' }],
  [invalid, 'user', { user: 1.5 }],
  [invalid, 'user', { user: 4_294_967_295 }],
  [invalid, 'user', { user: '4294967295' }],
  [invalid, 'user', { user: '4294967296' }],
  [invalid, 'user', { user: '99999999999' }],
  [invalid, 'user', { user: '1:' }],
  [invalid, 'user', { user: ':1' }],
  [invalid, 'user', { user: 'root:' }],
  [invalid, 'user', { user: '0x0' }],
  [invalid, 'user', { user: '1 ' }],
  [invalid, 'user', { user: 'a:b:c' }],
  [invalid, 'user', { user: 'joe\nroot' }],
  [invalid, 'user', { user: '' }],
  [invalid, 'groups', { groups: 'wheel' }],
  [invalid, 'groups[1]', { groups: [0, ''] }],
  [invalid, 'groups', { groups: Array.from({ length: 65 }, (_, i) => i) }],
  [invalid, 'hostname', { hostname: 'a b' }],
  [invalid, 'hostname', { hostname: 'a\n' }],
  [invalid, 'hostname', { hostname: 'x'.repeat(65) }],
  [invalid, 'hostname', { hostname: '-a' }],
  [invalid, 'mounts', { mounts: {} }],
  [invalid, 'mounts[0]', { mounts: ['/x'] }],
  [invalid, 'mounts[0].kind', { mounts: [{ kind: 'nfs', to: '/x' }] }],
  [invalid, 'mounts[0].from', { mounts: [{ kind: 'bind', from: 'x', to: '/x' }] }],
  [invalid, 'mounts[0].from', { mounts: [{ kind: 'bind', to: '/x' }] }],
  [invalid, 'mounts[0].readonly', { mounts: [{ kind: 'bind', from: '/', to: '/x', readonly: 1 }] }],
  [invalid, 'mounts[0].sise', { mounts: [{ kind: 'tmpfs', to: '/x', sise: 1 }] }],
  [invalid, 'mounts[0].size', { mounts: [{ kind: 'tmpfs', to: '/x', size: 1 }] }],
  [target, 'mounts[0].to', mount('x')],
  [target, 'mounts[0].to', mount('/')],
  [target, 'mounts[0].to', mount('//.//')],
  [target, 'mounts[0].to', mount('/../etc')],
  [target, 'mounts[0].to', mount('/proc')],
  [target, 'mounts[0].to', mount('/proc/self/')],
  [target, 'mounts[0].to', mount('//proc/./sys')],
  [target, 'mounts[0].to', mount(nul)],
  [target, 'mounts[0].to', mount(undefined)],
  [
    target,
    'mounts[1].to',
    {
      mounts: [
        { kind: 'tmpfs', to: '/x' },
        { kind: 'tmpfs', to: '/x/' },
      ],
    },
  ],
  [invalid, 'network', { network: 'bridge' }],
  [invalid, 'capabilities', { capabilities: 'ALL' }],
  ['ERR_CAPABILITY_UNKNOWN', 'capabilities[1]', { capabilities: ['CHOWN', 'CHWON'] }],
  ['ERR_CAPABILITY_UNKNOWN', 'capabilities[0]', { capabilities: ['net_raw'] }],
  [invalid, 'seccomp', { seccomp: 'off' }],
  [invalid, 'seccomp.bpf', { seccomp: {} }],
  [invalid, 'seccomp', { seccomp: { bpf: new Uint8Array(8), profile: {} } }],
  [invalid, 'seccomp.profile', { seccomp: { profile: 'default' } }],
  [invalid, 'seccomp.profile', { seccomp: { profile: [] } }],
  [
    invalid,
    'seccomp.profile.syscalls[0].args',
    { seccomp: { profile: { syscalls: [{ args: Number.NaN }] } } },
  ],
  [invalid, 'seccomp.profile.defaultAction', { seccomp: { profile: { defaultAction: () => 0 } } }],
  [invalid, 'seccomp.architectures', { seccomp: { profile: {}, architectures: 'all' } }],
  [
    invalid,
    'seccomp.architectures',
    { seccomp: { bpf: new Uint8Array(8), architectures: 'native' } },
  ],
  [invalid, 'seccomp.bpf', { seccomp: { bpf: 'x' } }],
  [invalid, 'seccomp.bpf', { seccomp: { bpf: new Uint8Array(7) } }],
  [invalid, 'seccomp.bpf', { seccomp: { bpf: new Uint8Array(0) } }],
  [invalid, 'seccomp.bpf', { seccomp: { bpf: new Uint8Array(4097 * 8) } }],
  [invalid, 'allowNewPrivileges', { allowNewPrivileges: 1 }],
  [invalid, 'limits', { limits: 5 }],
  [invalid, 'limits.memroy', { limits: { memroy: 1 } }],
  [invalid, 'limits.constructor', { limits: { constructor: 1 } }],
  ['ERR_UNSUPPORTED', 'limits.memory', { limits: { memory: '1MiB' } }],
  [range, 'limits.memory', { limits: { memory: 1 } }],
  [range, 'limits.cpuTime', { limits: { cpuTime: 0 } }],
  [range, 'limits.cpuTime', { limits: { cpuTime: -5 } }],
  [range, 'limits.cpuTime', { limits: { cpuTime: '5 s' } }],
  [range, 'limits.cpuTime', { limits: { cpuTime: NaN } }],
  [range, 'limits.pids', { limits: { pids: 0 } }],
  [range, 'limits.pids', { limits: { pids: 1.5 } }],
  [range, 'limits.pids', { limits: { pids: 2 ** 31 } }],
  [range, 'limits.pids', { limits: { pids: '5' } }],
  [range, 'limits.fileSize', { limits: { fileSize: 2 ** 60 } }],
  [invalid, 'timeout', { timeout: 0 }],
  [invalid, 'timeout', { timeout: 2 ** 31 }],
  [invalid, 'timeout', { timeout: 'soon' }],
  [invalid, 'signal', { signal: {} }],
  [invalid, 'stdin', { stdin: 5 }],
  [invalid, 'maxOutput', { maxOutput: '1GiB' }],
  [invalid, 'maxOutput', { maxOutput: -1 }],
  [invalid, 'encoding', { encoding: 'latin1' }],
  [invalid, 'stdout', { stdout: 'inherit' }],
  [invalid, 'stderr', { stderr: 1 }],
]

const argvs: readonly (readonly [code: string, field: string, argv: unknown])[] = [
  [invalid, 'argv', undefined],
  [invalid, 'argv', 'ls -l'],
  [invalid, 'argv', []],
  [invalid, 'argv[0]', ['']],
  [invalid, 'argv[0]', [nul]],
  [invalid, 'argv[1]', ['a', 1]],
  [invalid, 'argv[2]', ['a', '', nul]],
  ['ERR_ARGV_TOO_LARGE', 'argv[1]', ['a', 'x'.repeat(131_072)]],
  ['ERR_ARGV_TOO_LARGE', 'argv[1]', ['a', 'ü'.repeat(65_536)]],
]

describe('bad input', () => {
  let world: FakeWorld
  let engine: Engine

  beforeEach(async () => {
    world = new FakeWorld()
    engine = await createEngine({
      rootfs: world.rootfs(),
      isolation: world.isolation(),
      limiters: [world.limiter('one', ['cpuTime', 'pids', 'fileSize'])],
    })
  })

  for (const [code, field, bad] of options) {
    const text = JSON.stringify(bad, (_, value: unknown) =>
      value instanceof Uint8Array ? `${value.length} bytes` : value,
    )
    it(`is refused with ${code} for ${field}: ${text.slice(0, 60)}`, async () => {
      const error = await thrown(engine.run(['true'], bad))
      expect([error.code, error.field]).to.deep.equal([code, field])
      expect(error.message).to.include(field.split('.').at(-1))
      expect(world.log, 'steps done').to.deep.equal([])
    })
  }

  for (const [code, field, argv] of argvs) {
    it(`is refused with ${code} for ${field}: ${(JSON.stringify(argv) ?? 'nothing').slice(0, 40)}`, async () => {
      const error = await thrown(call(engine, 'run', [argv]))
      expect([error.code, error.field]).to.deep.equal([code, field])
      expect(world.log, 'steps done').to.deep.equal([])
    })
  }

  it('is refused by create, too, where a field belongs to commands alone', async () => {
    for (const [field, bad] of [
      ['stdin', { stdin: 'x' }],
      ['from', { from: 'x' }],
      ['user', { user: '' }],
    ] as const) {
      expect((await thrown(call(engine, 'create', [bad]))).field).to.equal(field)
    }
    expect(world.log).to.deep.equal([])
  })

  it('says which name was probably meant', async () => {
    const table: readonly (readonly [object, string])[] = [
      [{ hostnme: 'x' }, 'hostname'],
      [{ readOnlyRoot: true }, 'readonlyRoot'],
      [{ limits: { memroy: 1 } }, 'memory'],
      [{ capabilities: ['NET_BIND_SERVICES'] }, 'NET_BIND_SERVICE'],
    ]
    for (const [bad, meant] of table) {
      expect((await thrown(engine.run(['true'], bad))).message).to.include(
        `did you mean \`${meant}\``,
      )
    }
    expect((await thrown(engine.run(['true'], { zzzzzzzz: 1 } as object))).message).to.not.include(
      'mean',
    )
  })

  it('is taken at its limits', async () => {
    const argv = ['true', 'x'.repeat(131_071), '']
    const env = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`V${i}`, String(i)]))
    const good = {
      env,
      user: '4294967294:0',
      hostname: 'x'.repeat(64),
      timeout: 2 ** 31 - 1,
      maxOutput: 0,
    }
    expect((await engine.run(argv, good)).ok).to.equal(true)
    expect(world.commands[0]?.argv).to.deep.equal(argv)
    expect(world.commands[0]?.env).to.have.length(5002)
  })
})
