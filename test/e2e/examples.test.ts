import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'

function runExample(name: string) {
  const args = [`examples/dist/${name}.js`]
  return spawnSync(process.execPath, args, { cwd: checkout, encoding: 'utf8' })
}

describe('examples', function () {
  this.timeout(120_000)

  it('ten-lines deletes /bin, and the host keeps it', () => {
    const { stdout, stderr, status } = runExample('ten-lines')
    expect(stderr).to.equal('')
    expect(stdout).to.include('Who needs it?')
    expect(stdout).to.match(/exit 0 .* ms of CPU/)
    expect(status).to.equal(0)
    expect(existsSync('/bin/sh')).to.equal(true)
  })

  it('shared-rootfs mends a root that several share, and nobody notices', () => {
    const { stdout, stderr, status } = runExample('shared-rootfs/main')
    expect(stderr).to.equal('')
    expect(stdout).to.include('missing     bin/vi').and.include('content     etc/motd')
    expect(stdout).to.include('attributes  etc/profile').and.not.include('✗')
    expect(stdout).to.include('✓ nobody noticed')
    // without a terminal there are lines, and no bar
    expect(stdout).to.include('   unpacking, in MB\n').and.not.include('\r')
    expect(status).to.equal(0)
  })
})
