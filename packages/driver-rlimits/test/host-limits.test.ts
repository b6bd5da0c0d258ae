import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { parseHostLimits, readHostLimits, type HostLimitFiles } from '../dist/host-limits.js'

const files: HostLimitFiles = {
  limits: [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max stack size            8388608              unlimited            bytes     ',
    'Max processes             96365                96366                processes ',
    'Max open files            1024                 20000                files     ',
  ].join('\n'),
  status: 'Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000001000000\n',
  uidMap: '         0          0 4294967295\n',
  nrOpen: '1048576\n',
}

describe('parseHostLimits', () => {
  it('reads hard limits, and takes an unlimited or unknown one for none', () => {
    const { hard, maxOpenFiles } = parseHostLimits(files)
    expect([...hard]).to.have.deep.members([
      ['openFiles', 20_000n],
      ['processes', 96_366n],
    ])
    expect(maxOpenFiles).to.equal(1_048_576n)
  })

  it('sees CAP_SYS_RESOURCE in the effective set alone', () => {
    expect(parseHostLimits(files).mayRaise).to.equal(true)
    const status = files.status.replace('0000000001000000', '000001fffeffffff')
    expect(parseHostLimits({ ...files, status }).mayRaise).to.equal(false)
  })

  it('does not count the capability inside a user namespace', () => {
    const uidMap = '         0       1000          1\n'
    expect(parseHostLimits({ ...files, uidMap }).mayRaise).to.equal(false)
  })
})

describe('readHostLimits', () => {
  it('agrees with what a child of this process inherits', () => {
    const shell = execFileSync('/bin/sh', ['-c', 'ulimit -H -n'], { encoding: 'utf8' }).trim()
    expect(String(readHostLimits().hard.get('openFiles') ?? 'unlimited')).to.equal(shell)
  })
})
