import {
  auditArchitecture,
  compileProfile,
  defaultProfile,
  syscallTable,
  type Architecture,
} from '@caisson/seccomp'
import { expect } from 'chai'
import { boundaryArguments, evaluate } from './support/evaluate.js'
import { refusal, simulate } from './support/simulate.js'

const architectures: readonly Architecture[] = ['x86_64', 'aarch64', 'riscv64']
const allow = 0x7fff0000
const eperm = 0x50001
const enosys = 0x50026
const newest = (arch: Architecture) => syscallTable(arch).newest

/** What the default profile answers to a call on x86_64. */
function answer(
  name: string,
  args: readonly bigint[] = [],
  capabilities: readonly string[] = [],
): number {
  const program = compileProfile(defaultProfile, { arch: 'x86_64', capabilities })
  const number = syscallTable('x86_64').numberOf.get(name)
  if (number === undefined) throw new Error(`no system call ${name}`)
  return simulate(program, { arch: auditArchitecture.x86_64, number, args }).value
}

describe('defaultProfile', () => {
  for (const arch of architectures) {
    for (const capabilities of [[], ['SYS_CHROOT'], ['SYS_ADMIN', 'SYS_PTRACE', 'AUDIT_WRITE']]) {
      it(`compiles for ${arch} with [${capabilities.join()}] to what its rules say, for every number and boundary`, () => {
        const program = compileProfile(defaultProfile, { arch, capabilities })
        expect(refusal(program)).to.equal(undefined)
        expect(program.length / 8).to.be.at.most(130)
        const values = boundaryArguments(defaultProfile)
        const numbers = [...Array.from({ length: newest(arch) + 10 }, (_, n) => n), 0x3fffffff]
        for (const number of numbers) {
          for (const value of values) {
            for (const args of [
              [value, value, value],
              [value, 0n, 9n],
              [16n, value, value],
            ]) {
              const call = { arch: auditArchitecture[arch], number, args }
              const got = simulate(program, call).value
              if (got !== evaluate(defaultProfile, arch, capabilities, call)) {
                expect.fail(`${number}(${args.join(', ')}) is answered ${got.toString(16)}`)
              }
            }
          }
        }
      })
    }
  }

  it('finds the answer to a call without argument rules in at most 16 instructions', () => {
    const program = compileProfile(defaultProfile, { arch: 'x86_64', capabilities: [] })
    for (const [name, number] of syscallTable('x86_64').numberOf) {
      if (['clone', 'personality', 'socket', 'ioctl'].includes(name)) continue
      const { steps } = simulate(program, { arch: auditArchitecture.x86_64, number, args: [] })
      expect(steps, name).to.be.at.most(16)
    }
  })

  it('kills a process that calls by the convention of another architecture', () => {
    const program = compileProfile(defaultProfile, { arch: 'x86_64', capabilities: [] })
    for (const arch of [0x40000003, auditArchitecture.aarch64]) {
      expect(simulate(program, { arch, number: 1, args: [] }).value).to.equal(0x80000000)
    }
  })

  it('answers ENOSYS to x32 numbers and to calls newer than its table', () => {
    const program = compileProfile(defaultProfile, { arch: 'x86_64', capabilities: [] })
    for (const number of [
      0x40000000,
      0x40000001,
      0x4000003b,
      0xffffffff,
      newest('x86_64') + 1,
      337,
      423,
    ]) {
      const { value } = simulate(program, { arch: auditArchitecture.x86_64, number, args: [] })
      expect(value, String(number)).to.equal(enosys)
    }
  })

  it('lets threads and processes start but no namespace', () => {
    expect(answer('clone', [0x3d0f00n])).to.equal(allow)
    expect(answer('fork')).to.equal(allow)
    for (const flag of [
      0x20000n,
      0x2000000n,
      0x4000000n,
      0x8000000n,
      0x10000000n,
      0x20000000n,
      0x40000000n,
    ]) {
      expect(answer('clone', [flag | 17n]), flag.toString(16)).to.equal(eperm)
      expect(answer('clone', [flag | 17n], ['SYS_ADMIN'])).to.equal(allow)
    }
    expect(answer('clone3')).to.equal(enosys)
    expect(answer('unshare')).to.equal(eperm)
    expect(answer('setns')).to.equal(eperm)
  })

  it('compares the low half alone where the kernel reads an int, so that high bits hide nothing', () => {
    for (const high of [0n, 1n << 32n, 0xffffffffn << 32n]) {
      expect(answer('ioctl', [0n, high | 0x5412n])).to.equal(eperm)
      expect(answer('ioctl', [0n, high | 0x541cn])).to.equal(eperm)
      expect(answer('socket', [high | 38n])).to.equal(0x50061)
      expect(answer('socket', [high | 40n])).to.equal(0x50061)
      expect(answer('socket', [high | 16n, 3n, high | 9n])).to.equal(0x50016)
      expect(answer('personality', [high | 0xffffffffn])).to.equal(allow)
      expect(answer('personality', [high | 0x40000n])).to.equal(eperm)
    }
    expect(answer('ioctl', [0n, 0x5401n])).to.equal(allow)
    expect(answer('socket', [2n, 1n, 0n])).to.equal(allow)
  })

  it('denies what reaches the kernel itself, whatever the capabilities', () => {
    const all = [
      'SYS_ADMIN',
      'SYS_PTRACE',
      'SYS_NICE',
      'SYS_CHROOT',
      'DAC_READ_SEARCH',
      'AUDIT_WRITE',
    ]
    for (const name of [
      'add_key',
      'request_key',
      'keyctl',
      'bpf',
      'perf_event_open',
      'userfaultfd',
      'io_uring_setup',
      'kexec_load',
      'init_module',
      'finit_module',
      'reboot',
      'iopl',
      'syslog',
      'swapon',
      'clock_settime',
    ]) {
      expect(answer(name, [], all), name).to.equal(eperm)
    }
  })

  it('lets mounts and chroot happen with their capability alone', () => {
    for (const name of [
      'mount',
      'umount2',
      'fsopen',
      'move_mount',
      'mount_setattr',
      'pivot_root',
      'open_tree',
    ]) {
      expect(answer(name), name).to.equal(eperm)
      expect(answer(name, [], ['SYS_ADMIN']), name).to.equal(allow)
    }
    expect(answer('chroot')).to.equal(eperm)
    expect(answer('chroot', [], ['SYS_CHROOT'])).to.equal(allow)
  })

  it('names only calls that exist', () => {
    const messages: string[] = []
    for (const arch of architectures) {
      compileProfile(defaultProfile, {
        arch,
        capabilities: [],
        onDiagnostic: (m) => messages.push(m),
      })
    }
    expect(messages).to.deep.equal([])
  })
})
