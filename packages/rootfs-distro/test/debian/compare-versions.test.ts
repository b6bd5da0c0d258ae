import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { compareVersions, satisfies } from '../../dist/debian/compare-versions.js'

// each older than the next: Debian Policy 5.6.12 and what dpkg's own manual gives as examples
const ascending = [
  '0~~',
  '0~~a',
  '0~',
  '0',
  '0a',
  '1.0~beta1~svn1245',
  '1.0~beta1',
  '1.0',
  '1.0-1~bpo12+1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1.1',
  '1.0-2',
  '1.0-10',
  '1.0a',
  '1.0+dfsg-1',
  '1.0.1',
  '1.10',
  '2024012345678901234567890',
  '2024012345678901234567891',
  '1:0',
  '1:0.1-1',
]

describe('compareVersions', () => {
  it('orders versions as the policy says, both ways round', () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect(Math.sign(compareVersions(a, b)), `${a} against ${b}`).to.equal(Math.sign(i - j))
      }
    }
  })

  it('holds versions with zeros in front, and an epoch or revision of none, for equal', () => {
    expect(compareVersions('1.02', '1.2')).to.equal(0)
    expect(compareVersions('0:1', '1')).to.equal(0)
    expect(compareVersions('1-0', '1')).to.equal(0)
  })

  it('agrees with dpkg about every pair', function () {
    if (!existsSync('/usr/bin/dpkg')) {
      console.log('      skipped: no dpkg on this host')
      this.skip()
    }
    for (const a of ascending.slice(0, 18)) {
      for (const b of ['0~', '1.0~beta1', '1.0-1+b1', '1.0a', '1:0']) {
        let older = true
        try {
          execFileSync('/usr/bin/dpkg', ['--compare-versions', a, 'lt', b], { stdio: 'pipe' })
        } catch {
          older = false
        }
        expect(compareVersions(a, b) < 0, `${a} < ${b}`).to.equal(older)
      }
    }
  })
})

describe('satisfies', () => {
  it('knows the five operators of dependencies', () => {
    const table = {
      '<<': [true, false, false],
      '<=': [true, true, false],
      '=': [false, true, false],
    }
    for (const [operator, expected] of Object.entries(table)) {
      const found = ['1', '2', '3'].map((version) => satisfies(version, operator as '=', '2'))
      expect(found, operator).to.deep.equal(expected)
    }
    expect(['1', '2', '3'].map((version) => satisfies(version, '>=', '2'))).to.deep.equal([
      false,
      true,
      true,
    ])
    expect(['1', '2', '3'].map((version) => satisfies(version, '>>', '2'))).to.deep.equal([
      false,
      false,
      true,
    ])
  })
})
