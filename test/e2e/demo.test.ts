import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'

const demo = ['examples/dist/demo/main.js']

function run(command: string, args: readonly string[]) {
  const result = spawnSync(command, args, { cwd: checkout, encoding: 'utf8' })
  return { ...result, text: result.stdout + result.stderr }
}

describe('the demo', function () {
  this.timeout(300_000)

  it('holds what it claims in a Debian of its own, or says why in the host view', () => {
    const { stdout, status, text } = run(process.execPath, demo)
    expect(status, text).to.equal(0)
    expect(stdout).to.match(/All of it true, in [\d.]+ s\.\n$/)
    const said = stdout.match(
      /root: debian:\?packages=\S*gcc\S*|No Debian, so the host's own system it is\. .+/,
    )
    expect(said, text).not.to.equal(null)
    console.log(`      ${said?.[0]}`)
    // without a terminal there is a line a phase at most
    expect(stdout).not.to.include('\r')
    expect(stdout.split('   building ').length).to.be.lessThan(3)
  })

  it('has its Debian at once the second time, also without a network', function () {
    const first = run(process.execPath, demo)
    if (!first.stdout.includes('root: debian:')) {
      console.log('      skipped: there is no Debian for it (see above)')
      this.skip()
    }
    if (process.getuid?.() !== 0) {
      console.log('      skipped: to take the network away needs root')
      this.skip()
    }
    const { stdout, status, text } = run('unshare', ['--net', process.execPath, ...demo])
    expect(status, text).to.equal(0)
    expect(stdout).to.include('root: debian:')
    expect(stdout).not.to.include('Made in')
    expect(stdout).to.include('$ cc -o hello hello.c')
    expect(stdout).to.include('it says Hello, World!')
  })

  it('takes the host view without a network and without a Debian, and says why', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: to take the network away needs root')
      this.skip()
    }
    const data = mkdtempSync(join(tmpdir(), 'caisson-demo-'))
    try {
      const { stdout, status, text } = run('unshare', ['--net', process.execPath, ...demo, data])
      expect(status, text).to.equal(0)
      expect(stdout).to.match(/No Debian, so the host's own system it is\. rootfs: .+/)
      expect(stdout).to.match(/All of it true/)
    } finally {
      rmSync(data, { recursive: true })
    }
  })
})
