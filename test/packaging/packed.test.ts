import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageFolders, readPackageJson } from '../architecture/checkout.js'
import { installedFiles, installPacked } from './install.js'

// A user id that nobody has: containers need no account, no home and no /etc/subuid.
const NOBODYS_ID = 54_321

const program = `
import { run } from 'caisson'
const result = await run(['sh', '-c', 'echo "hello from $(id -u)"'])
console.log(JSON.stringify({ stdout: result.stdout, reason: result.reason }))
`

describe('the packages as npm installs them', function () {
  this.timeout(120_000)
  let place: string

  before(() => {
    place = installPacked()
    writeFileSync(join(place, 'hello.mjs'), program)
    mkdirSync(join(place, 'home'))
    chmodSync(join(place, 'home'), 0o777)
  })

  after(() => {
    rmSync(place, { recursive: true, force: true })
  })

  function runHello(identity: { readonly uid?: number; readonly gid?: number }) {
    return spawnSync(process.execPath, ['hello.mjs'], {
      cwd: place,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: join(place, 'home') },
      ...identity,
    })
  }

  function expectHello({ stdout, stderr, status }: ReturnType<typeof runHello>): void {
    expect(stderr).to.equal('')
    expect(JSON.parse(stdout)).to.deep.equal({ stdout: 'hello from 0\n', reason: 'exit' })
    expect(status).to.equal(0)
  }

  it('run a container for whoever runs these tests', () => {
    expectHello(runHello({}))
  })

  it('run a container for a user who owns nothing', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can become another user')
      this.skip()
    }
    expectHello(runHello({ uid: NOBODYS_ID, gid: NOBODYS_ID }))
  })

  it('bring one program, the launcher, and no other build of it', () => {
    const built = installedFiles(place, '@caisson/launcher').filter((path) =>
      path.startsWith('build/'),
    )
    expect(built).to.deep.equal(['build/caisson-launcher'])
  })

  for (const folder of packageFolders) {
    it(`${folder} brings its sources for the source maps, and no tests`, () => {
      const files = installedFiles(place, readPackageJson(folder).name)
      const maps = files.filter((path) => path.endsWith('.js.map'))
      expect(maps).not.to.deep.equal([])
      for (const map of maps) {
        expect(files).to.include(map.replace(/^dist/, 'src').replace(/\.js\.map$/, '.ts'))
      }
      expect(files.filter((path) => /(^|\/)(test|dist-test)\//.test(path))).to.deep.equal([])
    })
  }
})
