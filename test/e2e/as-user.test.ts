import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, chownSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'

// A user id that nobody has, so that nothing has to be added to the host.
const NOBODYS_ID = 54_321
const suites = [
  'preset',
  'bad-input',
  'death',
  'examples',
  'output',
  'stdin',
  'wait-for',
  'files',
  'files-hostile',
  'detach',
  'launcher-death',
  'ends',
  'pid-one',
  'races',
  'terminal',
  'users',
  'overlay-roots',
  'prune',
  'snapshots',
]

describe('as an ordinary user', function () {
  this.timeout(180_000)
  let home: string

  before(function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: these tests run as an ordinary user already')
      this.skip()
    }
    home = mkdtempSync(join(tmpdir(), 'caisson-user-'))
    chownSync(home, NOBODYS_ID, NOBODYS_ID)
    const probe = spawnSync('test', ['-x', join(checkout, 'node_modules')], {
      uid: NOBODYS_ID,
      gid: NOBODYS_ID,
    })
    if (probe.status !== 0) {
      console.log('      skipped: other users may not enter this checkout; .ci/run tests a copy')
      this.skip()
    }
  })

  after(() => {
    if (home !== undefined && existsSync(home)) rmSync(home, { recursive: true })
  })

  for (const suite of suites) {
    it(`test/e2e/${suite} passes`, () => {
      const args = ['node_modules/mocha/bin/mocha.js', `test/dist/e2e/${suite}.test.js`]
      const result = spawnSync(process.execPath, args, {
        cwd: checkout,
        encoding: 'utf8',
        uid: NOBODYS_ID,
        gid: NOBODYS_ID,
        env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home },
      })
      // the last line of the reporter would be taken for ours
      const said = result.stdout.replace(/^\d+ passed.*$/m, '')
      expect(result.status, said + result.stderr).to.equal(0)
    })
  }
})
