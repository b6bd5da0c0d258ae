import { parseLimits, type Limits } from '@caisson/core'
import { expect } from 'chai'
import { sharesOf, weightOf } from '../dist/cpu-shares.js'
import { settingsOf } from '../dist/settings.js'

const written = (limits: Limits, swap = true): readonly string[] =>
  settingsOf(parseLimits(limits, 'limits'), { swap, disk: (device) => device }).map(
    ({ file, value }) => `${file} ${value}`,
  )

describe('settingsOf', () => {
  it('limits memory and swap together, without swap unless it is asked for', () => {
    expect(written({ memory: '64MiB' })).to.deep.equal([
      'memory.limit_in_bytes 67108864',
      'memory.memsw.limit_in_bytes 67108864',
    ])
    expect(written({ memory: { max: '64MiB', swap: '16MiB' } })[1]).to.equal(
      'memory.memsw.limit_in_bytes 83886080',
    )
    expect(written({ memory: { max: '64MiB', swap: 'max' } })[1]).to.equal(
      'memory.memsw.limit_in_bytes -1',
    )
    expect(written({ memory: '64MiB' }, false)).to.deep.equal(['memory.limit_in_bytes 67108864'])
    expect(written({ memory: 'max' })).to.deep.equal([
      'memory.limit_in_bytes -1',
      'memory.memsw.limit_in_bytes -1',
    ])
  })

  it('never touches kernel memory', () => {
    expect(written({ memory: '64MiB' }).join()).not.to.include('kmem')
  })

  it('writes the period before the quota, and no burst while they change', () => {
    expect(written({ cpu: { max: 0.5, period: '50ms', burst: '10ms' } })).to.deep.equal([
      'cpu.cfs_burst_us 0',
      'cpu.cfs_period_us 50000',
      'cpu.cfs_quota_us 25000',
      'cpu.cfs_burst_us 10000',
    ])
    expect(written({ cpu: { max: 'max' } })).to.include('cpu.cfs_quota_us -1')
  })

  it('writes processes, CPUs, nodes, huge pages and rates by device', () => {
    expect(written({ pids: 16 })).to.deep.equal(['pids.max 16'])
    expect(written({ pids: 'max' })).to.deep.equal(['pids.max max'])
    expect(written({ cpu: { set: '0-1', mems: '0' } })).to.deep.equal([
      'cpuset.cpus 0-1',
      'cpuset.mems 0',
    ])
    expect(written({ hugetlb: { '2MB': '4MiB' } })).to.deep.equal([
      'hugetlb.2MB.limit_in_bytes 4194304',
    ])
    const io = { devices: [{ device: '8:0', readBps: '1MiB', writeIops: 'max' }] } as const
    expect(written({ io })).to.deep.equal([
      'blkio.throttle.read_bps_device 8:0 1048576',
      'blkio.throttle.write_iops_device 8:0 0',
    ])
  })
})

describe('sharesOf', () => {
  it('keeps the default and the proportions of weights, and can be read back', () => {
    expect(sharesOf(100)).to.equal(1024)
    expect(sharesOf(300) / sharesOf(100)).to.equal(3)
    expect(sharesOf(10_000)).to.equal(102_400)
    for (let weight = 1; weight <= 10_000; weight++) {
      expect(weightOf(sharesOf(weight)), String(weight)).to.equal(weight)
    }
  })
})
