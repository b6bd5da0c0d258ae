import { defaultIsolation, strictIsolation, type ProcessStep } from '@caisson/core'
import { PlanCompiler, parseHardLimits } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeSpec } from './support/fixtures.js'

function own(isolation = defaultIsolation, limits: readonly ProcessStep[] = [], on = host) {
  const steps = new PlanCompiler('pivot', on).ownProcess(makeSpec({ isolation }), [
    { process: limits },
  ])
  return steps.map((step) =>
    step.op === 'rlimit' ? [step.resource, Number(step.soft), Number(step.hard)] : step.op,
  )
}

describe('limits of each process', () => {
  it('are no core dumps, few descriptors and little locked memory by default', () => {
    expect(own()).to.deep.equal([
      [4, 1, 1],
      [7, 1024, 4096],
      [8, 65_536, 65_536],
    ])
  })

  it('are also on processes, files, stack and CPU time in strict', () => {
    expect(own(strictIsolation).slice(3)).to.deep.equal([
      [6, 64, 64],
      [1, 256 * 1024 ** 2, 256 * 1024 ** 2],
      [3, 8 * 1024 ** 2, 64 * 1024 ** 2],
      [0, 60, 61],
    ])
  })

  it('give way to a limit that the caller asked for: a hard one could not be raised again', () => {
    const asked = { op: 'rlimit', resource: 7, soft: 9999n, hard: 9999n } as const
    expect(own(defaultIsolation, [asked])).to.deep.equal([
      [4, 1, 1],
      [8, 65_536, 65_536],
      [7, 9999, 9999],
    ])
  })

  it('never ask for more than this process has', () => {
    const hardLimits = new Map([[7, 512n]])
    expect(own(defaultIsolation, [], { ...host, hardLimits })).to.deep.include([7, 512, 512])
  })
})

describe('parseHardLimits', () => {
  it('reads what /proc/self/limits says, and leaves out what has no limit', () => {
    const text = [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max cpu time              unlimited            unlimited            seconds   ',
      'Max stack size            8388608              unlimited            bytes     ',
      'Max open files            1024                 20000                files     ',
      'Max locked memory         65536                65536                bytes     ',
      'Max nice priority         0                    0                    ',
    ].join('\n')
    expect([...parseHardLimits(text)]).to.deep.equal([
      [7, 20_000n],
      [8, 65_536n],
    ])
    expect(parseHardLimits('').size).to.equal(0)
  })
})
