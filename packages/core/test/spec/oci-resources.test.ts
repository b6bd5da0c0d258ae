import { expect } from 'chai'
import { fromOci, parseLimits, toOci, weightOfShares, type Limits } from '@caisson/core'
import { thrown } from '../support/thrown.js'

describe('weightOfShares', () => {
  for (const [shares, weight] of [
    [2, 1],
    [10, 4],
    [128, 21],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [4096, 303],
    [10_240, 639],
    [262_144, 10_000],
  ] as const) {
    it(`is ${weight} for ${shares}`, () => {
      expect(weightOfShares(shares)).to.equal(weight)
    })
  }

  it('refuses what are no shares', async () => {
    for (const shares of [0, 1, 262_145, 2.5, NaN]) {
      const error = await thrown(() => weightOfShares(shares))
      expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'cpu.shares' })
    }
  })
})

describe('fromOci', () => {
  it('takes swap for memory and swap together, and shares for a weight', () => {
    const limits = fromOci({
      memory: { limit: 1 << 26, swap: 1 << 27, reservation: 1 << 20 },
      cpu: { shares: 1024, quota: 50_000, period: 200_000, cpus: '1,0' },
      pids: { limit: 0 },
      hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }],
      unified: { 'memory.high': '5' },
    })
    expect(limits).to.deep.equal({
      memory: { max: 1 << 26, swap: 1 << 26, low: 1 << 20 },
      cpu: { quotaUs: 50_000, periodUs: 200_000, weight: 100, set: '0-1' },
      pids: 'max',
      hugetlb: { '2MB': 4 << 20 },
      unified: { 'memory.high': '5' },
    })
  })

  it('refuses swap without memory, and less swap than memory', async () => {
    for (const memory of [{ swap: 5 }, { limit: 1 << 26, swap: 1 << 20 }]) {
      const error = await thrown(() => fromOci({ memory }))
      expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'memory.swap' })
    }
  })
})

describe('toOci', () => {
  for (const limits of [
    { memory: { max: '64MiB', swap: 0 }, pids: 5 },
    { memory: { max: '64MiB', swap: '1MiB', low: '2MiB' } },
    { memory: { max: 'max', swap: 'max' }, pids: 'max' },
    { cpu: { max: 0.25, period: '40ms', burst: '1ms', weight: 'idle', set: '0-3' } },
    { rdma: { mlx4_0: { handles: 2, objects: 4 } }, hugetlb: { '1GB': '2GiB' } },
  ] as const satisfies readonly Limits[]) {
    it(`comes back the same: ${JSON.stringify(limits)}`, () => {
      const parsed = parseLimits(limits, 'limits')
      expect(fromOci(toOci(parsed))).to.deep.equal(parsed)
    })
  }

  it('keeps a weight through shares', () => {
    for (const weight of [1, 7, 39, 100, 5000, 10_000]) {
      const { cpu } = fromOci(toOci(parseLimits({ cpu: { weight } }, 'limits')))
      expect(cpu?.weight).to.equal(weight)
    }
  })

  it('refuses what OCI has no word for', async () => {
    const limits = parseLimits({ memory: { max: '64MiB', high: '32MiB' } }, 'limits')
    const error = await thrown(() => toOci(limits))
    expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'limits.memory.high' })
  })
})
