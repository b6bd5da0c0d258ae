import { readFileSync } from 'node:fs'
import { createEngine, pivotRoot } from 'caisson'
import { expect } from 'chai'

const open = (onUnsupported: 'throw' | 'warn') =>
  createEngine({ isolation: pivotRoot({ launcher: { mode: 'single' } }), onUnsupported })

describe('limits.processes, as root with a single id', () => {
  const options = { limits: { processes: 100 } } as const

  before(function () {
    const map = readFileSync('/proc/self/uid_map', 'latin1').trim().split(/\s+/)
    if (process.getuid?.() === 0 && map[1] === '0') return
    console.log('      skipped: this is not root of the host, whom alone the kernel exempts')
    this.skip()
  })

  it('is refused by field, since the kernel exempts it', async () => {
    await using engine = await open('throw')
    let error: unknown
    await engine.run(['true'], options).then(undefined, (reason: unknown) => {
      error = reason
    })
    expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.processes' })
    const { limits } = await engine.doctor()
    expect(limits['processes']?.level).to.equal('unsupported')
  })

  it('is told as degraded where that is allowed, and where it is a default', async () => {
    await using engine = await open('warn')
    for (const result of [await engine.run(['true'], options), await engine.run(['true'])]) {
      expect(result.exitCode).to.equal(0)
      expect(result.degraded.join()).to.include('limits.processes is not enforced')
      expect(result.enforced).not.to.include('processes')
    }
  })
})
