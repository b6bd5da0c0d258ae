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
  it('takes no program, and no directory, that others than root can write', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can make files that root owns')
      return this.skip()
    }
    const directory = mkdtempSync(join(tmpdir(), 'caisson-trusted-'))
    const path = join(directory, 'helper')
    writeFileSync(path, '', { mode: 0o755 })
    try {
      expect(findTrustedProgram('helper', [directory])).to.equal(path)
      chmodSync(path, 0o775)
      expect(findTrustedProgram('helper', [directory])).to.equal(undefined)
      chmodSync(path, 0o755)
      chmodSync(directory, 0o777)
      expect(findTrustedProgram('helper', [directory])).to.equal(undefined)
      expect(findTrustedProgram('absent', [directory])).to.equal(undefined)
    } finally {
      rmSync(directory, { recursive: true })
    }
    return undefined
  })
})
