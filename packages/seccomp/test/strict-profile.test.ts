import {
  auditArchitecture,
  compileProfile,
  defaultProfile,
  strictProfile,
  syscallTable,
} from '@caisson/seccomp'
import { expect } from 'chai'
import { simulate } from './support/simulate.js'

const allow = 0x7fff0000
const eperm = 0x50001
const all = ['SYS_ADMIN', 'SYS_PTRACE', 'SYS_NICE', 'SYS_CHROOT', 'DAC_READ_SEARCH', 'AUDIT_WRITE']

function answer(profile: typeof strictProfile, name: string, args: readonly bigint[] = []): number {
  const program = compileProfile(profile, { arch: 'x86_64', capabilities: all })
  const number = syscallTable('x86_64').numberOf.get(name)
  if (number === undefined) throw new Error(`no system call ${name}`)
  return simulate(program, { arch: auditArchitecture.x86_64, number, args }).value
}

describe('strictProfile', () => {
  it('refuses debuggers, personalities, keys, namespaces, mounts, io_uring and userfaultfd, whatever the capabilities', () => {
    for (const name of (
      'ptrace process_vm_readv process_vm_writev personality keyctl add_key request_key unshare setns mount ' +
      'open_tree fsopen chroot kcmp pidfd_getfd open_by_handle_at io_uring_setup userfaultfd mbind bpf'
    ).split(' ')) {
      expect(answer(strictProfile, name), name).to.equal(eperm)
    }
    expect(answer(strictProfile, 'clone', [0x10000011n])).to.equal(eperm)
    expect(answer(strictProfile, 'clone', [0x3d0f00n])).to.equal(allow)
    expect(answer(strictProfile, 'clone3')).to.equal(0x50026)
  })

  it('lets sockets be of four kinds alone, whatever the high halves say', () => {
    for (let family = 0; family < 64; family++) {
      for (const high of [0n, 1n << 32n]) {
        for (const protocol of [0n, 9n, 15n]) {
          const open = [1, 2, 10].includes(family) || (family === 16 && protocol === 0n)
          const value = answer(strictProfile, 'socket', [
            high | BigInt(family),
            1n,
            high | protocol,
          ])
          expect(value === allow, `socket(${family}, 1, ${protocol})`).to.equal(open)
        }
        const pair = answer(strictProfile, 'socketpair', [high | BigInt(family)])
        expect(pair === allow, `socketpair(${family})`).to.equal(family === 1)
      }
    }
  })

  it('allows nothing that the default refuses', () => {
    for (const name of syscallTable('x86_64').numberOf.keys()) {
      if (answer(strictProfile, name) === allow)
        expect(answer(defaultProfile, name), name).to.equal(allow)
    }
  })
})
