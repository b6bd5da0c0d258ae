import { readFileSync, writeFileSync } from 'node:fs'
import {
  architectureFacts,
  compileProfile,
  namedProfile,
  syscallTable,
  type ProfileName,
  type ProfileTarget,
} from '@caisson/seccomp'
import { expect } from 'chai'
import { boundaryArguments, numbersWithTests, oracle } from './support/evaluate.js'
import { listing, refusal, simulate } from './support/simulate.js'

const machines: readonly ProfileTarget['arch'][] = [
  'x86_64',
  'x86',
  'aarch64',
  'arm',
  'riscv64',
  's390x',
  'ppc64le',
  'loongarch64',
  'mips64el',
]
const names: readonly ProfileName[] = ['default', 'strict']
const manyCapabilities = [
  'SYS_ADMIN',
  'SYS_PTRACE',
  'SYS_NICE',
  'SYS_CHROOT',
  'DAC_READ_SEARCH',
  'AUDIT_WRITE',
]
const allow = 0x7fff0000
const eperm = 0x50001
const enosys = 0x50026
const golden = new URL('../test/golden/', import.meta.url)

/** What a profile answers to a call on x86_64. */
function answer(
  profile: ProfileName,
  name: string,
  args: readonly bigint[] = [],
  capabilities: readonly string[] = [],
): number {
  const { program } = compileProfile(namedProfile(profile), { arch: 'x86_64', capabilities })
  const number = syscallTable('x86_64').numberOf.get(name)
  if (number === undefined) throw new Error(`no system call ${name}`)
  return simulate(program, { arch: architectureFacts.x86_64.audit, number, args }).value
}

function compareAll(name: ProfileName, target: ProfileTarget): void {
  const profile = namedProfile(name)
  const { program } = compileProfile(profile, target)
  const { audit, endian, first } = architectureFacts[target.arch]
  expect(refusal(program, endian)).to.equal(undefined)
  const ask = oracle(profile, target)
  const values = boundaryArguments(profile)
  const tested = numbersWithTests(profile, target.arch)
  const own = [...syscallTable(target.arch).nameOf.keys()]
  const beside = Array.from({ length: 60 }, (_, n) => syscallTable(target.arch).newest + n)
  const odd = [0, first - 1, 0x3fffffff, 0x40000000, 0x400001ff, 0xffffffff]
  for (const number of new Set([...own, ...beside, ...odd].filter((n) => n >= 0))) {
    for (const value of tested.has(number) ? values : values.slice(0, 3)) {
      for (const args of [
        [value, value, value],
        [value, 0n, 9n],
        [16n, value, value],
      ]) {
        const call = { arch: audit, number, args }
        const got = simulate(program, call, endian).value
        if (got !== ask(call)) {
          expect.fail(`${number}(${args.join(', ')}) is answered ${got.toString(16)}`)
        }
      }
    }
  }
}

describe('the profile', () => {
  for (const name of names) {
    for (const arch of machines) {
      it(`${name} compiles for ${arch} to what its rules say, for every number and boundary`, function () {
        this.timeout(60_000)
        for (const capabilities of [[], manyCapabilities]) compareAll(name, { arch, capabilities })
      })
    }

    it(`${name} has at most 130 instructions on x86_64, whatever the capabilities`, () => {
      const sets = [[], ['SYS_CHROOT'], ['SYS_ADMIN'], manyCapabilities]
      for (const capabilities of sets) {
        const target: ProfileTarget = { arch: 'x86_64', capabilities }
        const { program } = compileProfile(namedProfile(name), target)
        expect(program.length / 8).to.be.at.most(130)
      }
    })

    it(`${name} answers a call in at most 16 instructions, 12 on average, where no argument counts`, () => {
      const { program } = compileProfile(namedProfile(name), { arch: 'x86_64', capabilities: [] })
      const odd = ['clone', 'personality', 'socket', 'socketpair', 'ioctl']
      const plain = [...syscallTable('x86_64').numberOf].filter(([call]) => !odd.includes(call))
      const steps = plain.map(([, number]) => {
        const call = { arch: architectureFacts.x86_64.audit, number, args: [] }
        return simulate(program, call).steps
      })
      expect(Math.max(...steps)).to.be.at.most(16)
      expect(steps.reduce((sum, n) => sum + n, 0) / steps.length).to.be.at.most(12)
    })

    it(`${name} is the golden program: a change of it is one of review`, () => {
      const target: ProfileTarget = { arch: 'x86_64', capabilities: ['SYS_CHROOT'] }
      const text = listing(compileProfile(namedProfile(name), target).program)
      const file = new URL(`${name}-x86_64.txt`, golden)
      if (process.env['CAISSON_UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
      expect(text).to.equal(readFileSync(file, 'utf8'))
    })

    it(`${name} says for every rule why it is there, and is frozen`, () => {
      const profile = namedProfile(name)
      const rules = profile.syscalls ?? []
      expect(rules).not.to.have.length(0)
      for (const rule of rules) {
        expect(rule.comment, JSON.stringify(rule.names)).to.be.a('string').and.not.equal('')
        expect(Object.isFrozen(rule.names)).to.equal(true)
      }
    })

    it(`${name} lets threads and processes start but no namespace`, () => {
      expect(answer(name, 'clone', [0x3d0f00n])).to.equal(allow)
      expect(answer(name, 'fork')).to.equal(allow)
      for (const bit of [17n, 25n, 26n, 27n, 28n, 29n, 30n]) {
        expect(answer(name, 'clone', [(1n << bit) | 17n]), String(bit)).to.equal(eperm)
      }
      expect(answer(name, 'clone3')).to.equal(enosys)
      expect(answer(name, 'unshare')).to.equal(eperm)
      expect(answer(name, 'setns')).to.equal(eperm)
    })

    it(`${name} compares the low half alone where the kernel reads an int, so that high bits hide nothing`, () => {
      for (const high of [0n, 1n << 32n, 0xffffffffn << 32n]) {
        expect(answer(name, 'ioctl', [0n, high | 0x5412n])).to.equal(eperm)
        expect(answer(name, 'ioctl', [0n, high | 0x541cn])).to.equal(eperm)
        expect(answer(name, 'socket', [high | 38n])).not.to.equal(allow)
        expect(answer(name, 'socket', [high | 40n])).not.to.equal(allow)
        expect(answer(name, 'socket', [high | 16n, 3n, high | 9n])).not.to.equal(allow)
        expect(answer(name, 'socket', [high | 2n, 1n, 0n])).to.equal(allow)
      }
      expect(answer(name, 'ioctl', [0n, 0x5401n])).to.equal(allow)
    })

    it(`${name} has no asynchronous input and output, whose contexts are counted for the whole machine`, () => {
      expect(answer(name, 'io_setup', [], manyCapabilities)).to.equal(enosys)
    })

    it(`${name} denies what reaches the kernel itself, whatever the capabilities`, () => {
      for (const call of (
        'add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter kexec_load init_module ' +
        'finit_module reboot iopl syslog swapon clock_settime'
      ).split(' ')) {
        expect(answer(name, call, [], manyCapabilities), call).to.equal(eperm)
      }
    })
  }
})

describe('the default profile', () => {
  it('answers families that are none of a container’s business as a kernel without them would', () => {
    expect(answer('default', 'socket', [38n])).to.equal(0x50061)
    expect(answer('default', 'socket', [40n])).to.equal(0x50061)
    expect(answer('default', 'socket', [16n, 3n, 9n])).to.equal(0x50016)
    expect(answer('default', 'socket', [16n, 3n, 9n], ['AUDIT_WRITE'])).to.equal(allow)
    expect(answer('default', 'personality', [0xffffffffn])).to.equal(allow)
    expect(answer('default', 'personality', [0x40000n])).to.equal(eperm)
  })

  it('lets mounts, namespaces and chroot happen with their capability alone', () => {
    for (const name of 'mount umount2 fsopen move_mount mount_setattr pivot_root open_tree unshare clone3'.split(
      ' ',
    )) {
      expect(answer('default', name), name).not.to.equal(allow)
      expect(answer('default', name, [], ['SYS_ADMIN']), name).to.equal(allow)
    }
    expect(answer('default', 'clone', [0x10000011n], ['SYS_ADMIN'])).to.equal(allow)
    expect(answer('default', 'chroot')).to.equal(eperm)
    expect(answer('default', 'chroot', [], ['SYS_CHROOT'])).to.equal(allow)
  })

  it('finds the flags of clone where s390x has them', () => {
    const target: ProfileTarget = { arch: 's390x', capabilities: [] }
    const { program } = compileProfile(namedProfile('default'), target)
    const number = syscallTable('s390x').numberOf.get('clone') ?? 0
    const value = (args: bigint[]) =>
      simulate(program, { arch: architectureFacts.s390x.audit, number, args }, 'big').value
    expect(value([0x10000000n, 17n])).to.equal(allow)
    expect(value([0n, 0x10000011n])).to.equal(eperm)
  })
})

describe('the strict profile', () => {
  it('refuses debuggers, personalities, keys, namespaces and mounts, whatever the capabilities', () => {
    for (const name of (
      'ptrace process_vm_readv process_vm_writev personality keyctl unshare setns mount open_tree fsopen chroot kcmp ' +
      'pidfd_getfd open_by_handle_at mbind userfaultfd io_uring_setup'
    ).split(' ')) {
      expect(answer('strict', name, [], manyCapabilities), name).to.equal(eperm)
    }
    expect(answer('strict', 'clone', [0x10000011n], manyCapabilities)).to.equal(eperm)
  })

  it('lets sockets be of four kinds alone, whatever the high halves say', () => {
    for (let family = 0; family < 64; family++) {
      for (const high of [0n, 1n << 32n]) {
        for (const protocol of [0n, 9n, 15n]) {
          const open = [1, 2, 10].includes(family) || (family === 16 && protocol === 0n)
          const value = answer('strict', 'socket', [high | BigInt(family), 1n, high | protocol])
          expect(value === allow, `socket(${family}, 1, ${protocol})`).to.equal(open)
        }
        const pair = answer('strict', 'socketpair', [high | BigInt(family)])
        expect(pair === allow, `socketpair(${family})`).to.equal(family === 1)
      }
    }
  })

  it('allows nothing that the default refuses', () => {
    for (const name of syscallTable('x86_64').numberOf.keys()) {
      if (answer('strict', name) === allow) expect(answer('default', name), name).to.equal(allow)
    }
  })
})
