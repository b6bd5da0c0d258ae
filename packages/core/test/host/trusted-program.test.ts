import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireProgram, trustedProgram } from '@caisson/core'

describe('trustedProgram', () => {
  const isRoot = process.getuid?.() === 0
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-trusted-'))
    path = join(directory, 'helper')
    writeFileSync(path, '')
    chmodSync(directory, 0o755)
    chmodSync(path, 0o755)
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('finds what the system has, by absolute path', () => {
    expect(trustedProgram('env', ['/nonexistent', '/usr/bin'])).to.equal('/usr/bin/env')
    expect(trustedProgram('no-such-program')).to.equal(undefined)
  })

  it('takes no program, and no directory, that others than root can write, nor what is none', () => {
    const modes: [directory: number, file: number, trusted: boolean][] = [
      [0o755, 0o755, isRoot],
      [0o755, 0o775, false],
      [0o755, 0o757, false],
      [0o755, 0o644, false],
      [0o777, 0o755, false],
      [0o775, 0o755, false],
    ]
    for (const [directoryMode, fileMode, trusted] of modes) {
      chmodSync(directory, directoryMode)
      chmodSync(path, fileMode)
      const why = `${directoryMode.toString(8)} ${fileMode.toString(8)}`
      expect(trustedProgram('helper', [directory]), why).to.equal(trusted ? path : undefined)
    }
    mkdirSync(join(directory, 'folder'))
    expect(trustedProgram('folder', [directory])).to.equal(undefined)
  })

  it('judges what a link leads to', () => {
    symlinkSync('helper', join(directory, 'link'))
    const found = isRoot ? join(directory, 'link') : undefined
    expect(trustedProgram('link', [directory])).to.equal(found)
    chmodSync(path, 0o777)
    expect(trustedProgram('link', [directory])).to.equal(undefined)
  })

  it('passes over one that is not trusted for one that is', () => {
    const other = join(directory, 'env')
    writeFileSync(other, '')
    chmodSync(other, 0o777)
    expect(trustedProgram('env', [directory, '/usr/bin'])).to.equal('/usr/bin/env')
  })
})

describe('requireProgram', () => {
  it('names the package of what is missing', () => {
    expect(requireProgram('env', 'coreutils')).to.match(/^\/(usr\/)?bin\/env$/)
    expect(() => requireProgram('no-such-program', 'some-package'))
      .to.throw()
      .that.includes({ code: 'ERR_TOOL_MISSING', fix: 'As root: apt-get install some-package' })
  })
})
