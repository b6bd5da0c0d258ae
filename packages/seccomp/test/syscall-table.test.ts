import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { architectureOf, syscallTable } from '@caisson/seccomp'
import { expect } from 'chai'

describe('syscallTable', () => {
  it('knows calls by the numbers of their architecture', () => {
    expect(syscallTable('x86_64').numberOf.get('openat2')).to.equal(437)
    expect(syscallTable('x86_64').numberOf.get('execve')).to.equal(59)
    expect(syscallTable('aarch64').numberOf.get('execve')).to.equal(221)
    expect(syscallTable('aarch64').numberOf.get('renameat')).to.equal(38)
    expect(syscallTable('riscv64').numberOf.has('renameat')).to.equal(false)
    expect(syscallTable('riscv64').nameOf.get(259)).to.equal('riscv_flush_icache')
  })

  it('agrees with the kernel headers of this machine', function () {
    if (!existsSync('/usr/include/asm-generic/unistd.h') || process.arch !== 'x64') {
      console.log('      skipped: no kernel headers of x86_64 (apt-get install linux-libc-dev)')
      this.skip()
    }
    const script = new URL('../scripts/generate-syscall-tables.mjs', import.meta.url)
    execFileSync(process.execPath, [script.pathname, '--check'], { stdio: 'pipe' })
  })
})

describe('architectureOf', () => {
  it('names the architecture of a Node process, or none', () => {
    expect(['x64', 'arm64', 'ia32', 'ppc64', 'sparc'].map(architectureOf)).to.deep.equal([
      'x86_64',
      'aarch64',
      'x86',
      'ppc64le',
      undefined,
    ])
  })
})
