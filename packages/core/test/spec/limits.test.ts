import { expect } from 'chai'
import { limitFields, parseLimits, type Limits } from '@caisson/core'
import { withoutFields } from '../../dist/spec/limit-fields.js'
import { thrown } from '../support/thrown.js'

const MIB = 2 ** 20
const parse = (limits: Limits): unknown => parseLimits(limits, 'limits')

describe('parseLimits', () => {
  for (const [limits, parsed] of [
    [{ memory: '64MiB' }, { memory: { max: 64 * MIB } }],
    [{ memory: 64n * 1_048_576n }, { memory: { max: 64 * MIB } }],
    [{ memory: 'max' }, { memory: { max: 'max' } }],
    [
      { memory: { max: '1GiB', swap: '1MiB', high: '900MiB', low: 0, min: 4096, oomGroup: false } },
      {
        memory: {
          max: 1024 * MIB,
          swap: MIB,
          high: 900 * MIB,
          low: 0,
          min: 4096,
          oomGroup: false,
        },
      },
    ],
    [{ cpu: 0.5 }, { cpu: { quotaUs: 50_000, periodUs: 100_000 } }],
    [{ cpu: 0.001 }, { cpu: { quotaUs: 1000, periodUs: 1_000_000 } }],
    [
      {
        cpu: { max: 2, period: '10ms', burst: '5ms', weight: 'idle', set: '3,0-1,2,7', mems: '0' },
      },
      {
        cpu: {
          quotaUs: 20_000,
          periodUs: 10_000,
          burstUs: 5000,
          weight: 'idle',
          set: '0-3,7',
          mems: '0',
        },
      },
    ],
    [{ cpu: { max: 'max' } }, { cpu: { quotaUs: 'max', periodUs: 100_000 } }],
    [{ cpuTime: '1.5s' }, { cpuTime: 1500 }],
    [{ pids: 'max' }, { pids: 'max' }],
    [
      { io: { weight: 5, devices: [{ device: '8:0', readBps: '1MiB', latency: '2ms' }] } },
      { io: { weight: 5, devices: [{ device: '8:0', readBps: MIB, latencyUs: 2000 }] } },
    ],
    [{ hugetlb: { '2MB': '4MiB' } }, { hugetlb: { '2MB': 4 * MIB } }],
    [{ rdma: { mlx4_0: { handles: 'max' } } }, { rdma: { mlx4_0: { handles: 'max' } } }],
    [{ misc: { sev: 3 } }, { misc: { sev: 3 } }],
    [{ disk: '1MiB' }, { disk: { size: MIB } }],
    [{ unified: { 'memory.zswap.max': '0' } }, { unified: { 'memory.zswap.max': '0' } }],
    [{ openFiles: { soft: 5, hard: 'max' } }, { openFiles: { soft: 5, hard: 'max' } }],
    [{ nice: 'max' }, { nice: { soft: 'max', hard: 'max' } }],
    [{ memory: undefined, pids: 5 }, { pids: 5 }],
  ] as const) {
    it(`makes ${JSON.stringify(parsed)} of what a caller writes`, () => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactOptionalPropertyTypes: undefined is tried on purpose
      expect(parse(limits as Limits)).to.deep.equal(parsed)
    })
  }

  for (const [limits, field, why] of [
    [{ memory: '512KiB' }, 'memory', 'less than 1048576'],
    [{ memory: { swap: '1MiB' } }, 'memory.swap', 'needs that limit'],
    [{ memory: { max: '1MiB', high: '2MiB' } }, 'memory.high', 'more than max'],
    [{ memory: { max: '1MiB', oomGroup: 1 } }, 'memory.oomGroup', 'true or false'],
    [{ memory: { maximum: 1 } }, 'memory.maximum', 'unknown field'],
    [{ memory: {} }, 'memory', 'it is empty'],
    [{ cpu: 0.0001 }, 'cpu', 'less than 0.001'],
    [{ cpu: { max: 0.005, period: '100ms' } }, 'cpu.max', 'no less than 1000'],
    [{ cpu: { max: 1, period: '2s' } }, 'cpu.period', 'not from 1 ms to 1 s'],
    [{ cpu: { period: '10ms' } }, 'cpu.period', 'without `max`'],
    [{ cpu: { max: 0.5, burst: '51ms' } }, 'cpu.burst', 'more than what'],
    [{ cpu: { weight: 0 } }, 'cpu.weight', 'less than 1'],
    [{ cpu: { weight: 10_001 } }, 'cpu.weight', 'more than 10000'],
    [{ cpu: { set: '3-1' } }, 'cpu.set', 'no number nor range'],
    [{ cpu: { set: '0,' } }, 'cpu.set', 'no number nor range'],
    [{ pids: 4_194_305 }, 'pids', 'more than 4194304'],
    [{ pids: 0 }, 'pids', 'less than 1'],
    [{ io: { devices: [{ device: 'sda' }] } }, 'io.devices[0].device', 'neither'],
    [{ io: { devices: [{ device: '8:0', readBps: 0 }] } }, 'io.devices[0].readBps', 'less than 1'],
    [{ io: { weight: 0 } }, 'io.weight', 'less than 1'],
    [{ hugetlb: { '2MiB': 0 } }, 'hugetlb', 'page size'],
    [{ unified: { 'cgroup.procs': '1' } }, 'unified.cgroup.procs', 'belong to the driver'],
    [{ unified: { '../cpu.max': '1' } }, 'unified', 'not a file'],
    [{ unified: { 'cpu.max': '1\n2' } }, 'unified.cpu.max', 'one line'],
    [{ disk: 4096 }, 'disk', 'less than 65536'],
    [{ openFiles: { soft: 1 } }, 'openFiles.hard', 'missing'],
    [{ realtimePriority: 100 }, 'realtimePriority', 'more than 99'],
  ] as const) {
    it(`refuses ${JSON.stringify(limits)}: ${why}`, async () => {
      const value: object = limits
      const error = await thrown(() => parse(value))
      expect(error.field).to.equal(`limits.${field}`)
      expect(error.message).to.include(why)
      expect(error.code).to.match(/^ERR_LIMIT_RANGE$|^ERR_INVALID_SPEC$/)
    })
  }
})

describe('limitFields', () => {
  const limits = parseLimits(
    {
      memory: { max: '1MiB', high: '1MiB' },
      cpu: { max: 1, burst: '1ms' },
      io: {
        devices: [
          { device: '8:0', readBps: 1 },
          { device: '8:16', readBps: 2, latency: 1 },
        ],
      },
      openFiles: 5,
      pids: 3,
      unified: { 'memory.low': '1' },
    },
    'limits',
  )

  it('names what is asked for as a caller does, each once', () => {
    expect(limitFields(limits)).to.deep.equal([
      'memory.max',
      'memory.high',
      'cpu.max',
      'cpu.burst',
      'io.devices.readBps',
      'io.devices.latency',
      'openFiles',
      'pids',
      'unified.memory.low',
    ])
  })

  it('can be taken away, with what holds nothing then', () => {
    const without = new Set(['memory.high', 'cpu.max', 'cpu.burst', 'io.devices.readBps', 'pids'])
    expect(withoutFields(limits, without)).to.deep.equal({
      memory: { max: MIB },
      io: { devices: [{ device: '8:16', latencyUs: 1000 }] },
      openFiles: { soft: 5, hard: 5 },
      unified: { 'memory.low': '1' },
    })
  })
})
