import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { findTrustedProgram, parseIdDatabase, parseSubIds } from '../dist/sub-ids.js'

describe('parseSubIds', () => {
  it('leaves out what newuidmap would not take', () => {
    const text =
      '# comment\nann:100000:65536\nbad\nneg:-1:5\nann:x:5\nbig:4294967290:10\nnone:5:0\n:1:2\n42:7:9'
    expect(parseSubIds(text)).to.deep.equal([
      { owner: 'ann', start: 100_000, count: 65_536 },
      { owner: '42', start: 7, count: 9 },
    ])
  })
})

describe('parseIdDatabase', () => {
  it('reads ids of passwd and group lines', () => {
    const ids = parseIdDatabase('root:x:0:0:root:/root:/bin/sh\n\n+nis\nann:x:1000:50::/:\n')
    expect([...ids]).to.deep.equal([
      ['root', 0],
      ['ann', 1000],
    ])
  })
})

describe('findTrustedProgram', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-trusted-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('finds what the system has, by absolute path', () => {
    expect(findTrustedProgram('env', ['/nonexistent', '/usr/bin'])).to.equal('/usr/bin/env')
    expect(findTrustedProgram('no-such-program')).to.equal(undefined)
  })

  it('takes no program, and no directory, that others than root can write', () => {
    const path = join(directory, 'helper')
    writeFileSync(path, '')
    const isRoot = process.getuid?.() === 0
    const modes: [directory: number, file: number, trusted: boolean][] = [
      [0o755, 0o755, isRoot],
      [0o755, 0o775, false],
      [0o755, 0o757, false],
      [0o777, 0o755, false],
    ]
    for (const [directoryMode, fileMode, trusted] of modes) {
      chmodSync(directory, directoryMode)
      chmodSync(path, fileMode)
      expect(findTrustedProgram('helper', [directory])).to.equal(trusted ? path : undefined)
    }
  })
})
