import { parseLimits, type Limits, type ParsedLimits, type ProcessEnd } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { expect } from 'chai'
import type { HostLimits } from '../dist/host-limits.js'
import { RlimitLease } from '../dist/rlimit-lease.js'
import { rlimits } from '../dist/rlimits.js'
import type { RlimitKey } from '../dist/rlimit-table.js'

const open: HostLimits = { hard: new Map(), mayRaise: true, maxOpenFiles: 1_048_576n }

const parsed = (limits: Limits<RlimitKey>): ParsedLimits<RlimitKey> => parseLimits(limits, 'limits')

function stepsOf(limits: Limits<RlimitKey>, host = open): unknown {
  return new RlimitLease(parsed(limits), host).amendment.process
}

function failure(limits: Limits<RlimitKey>, host = open): unknown {
  try {
    const lease = new RlimitLease(parsed(limits), host)
    expect(lease.enforced).to.have.length(Object.keys(limits).length)
  } catch (error) {
    return error
  }
  return undefined
}

const step = (resource: number, soft: bigint, hard = soft) => [
  { op: 'rlimit', resource, soft, hard },
]

const end = (change: Partial<ProcessEnd>): ProcessEnd => ({
  pid: 2,
  exitCode: null,
  signal: null,
  userMs: 0,
  systemMs: 0,
  peakMemoryBytes: 0,
  wallMs: 0,
  stdout: new Uint8Array(),
  stderr: new Uint8Array(),
  stdoutTotal: 0,
  stderrTotal: 0,
  ...change,
})

const acquire = (limits: Limits<RlimitKey>, limiter = rlimits().create(Scope.root())) =>
  limiter.acquire({ id: 'a', scope: 'command', limits: parsed(limits) })

describe('RlimitLease', () => {
  it('sets each resource by its number, soft and hard alike', () => {
    expect(stepsOf({ openFiles: 64 })).to.deep.equal(step(7, 64n))
    expect(stepsOf({ fileSize: '1MiB' })).to.deep.equal(step(1, 1_048_576n))
    expect(stepsOf({ stack: '8MiB' })).to.deep.equal(step(3, 8_388_608n))
    expect(stepsOf({ processes: 16 })).to.deep.equal(step(6, 16n))
    expect(stepsOf({ core: 0 })).to.deep.equal(step(4, 0n))
    expect(stepsOf({ addressSpace: '1GiB' })).to.deep.equal(step(9, 1_073_741_824n))
  })

  it('sets those that few ask for in the units of the kernel', () => {
    expect(stepsOf({ data: '1MiB' })).to.deep.equal(step(2, 1_048_576n))
    expect(stepsOf({ lockedMemory: 4096 })).to.deep.equal(step(8, 4096n))
    expect(stepsOf({ pendingSignals: 5 })).to.deep.equal(step(11, 5n))
    expect(stepsOf({ messageQueues: 0 })).to.deep.equal(step(12, 0n))
    expect(stepsOf({ nice: 19 })).to.deep.equal(step(13, 1n))
    expect(stepsOf({ nice: -20 })).to.deep.equal(step(13, 40n))
    expect(stepsOf({ realtimePriority: 99 })).to.deep.equal(step(14, 99n))
    expect(stepsOf({ realtimeTime: '1.5ms' })).to.deep.equal(step(15, 1500n))
  })

  it('sets soft and hard apart, and lifts', () => {
    expect(stepsOf({ openFiles: { soft: 8, hard: 64 } })).to.deep.equal(step(7, 8n, 64n))
    expect(stepsOf({ core: { soft: 0, hard: 'max' } })).to.deep.equal(step(4, 0n, 2n ** 64n - 1n))
    expect(stepsOf({ nice: { soft: 10, hard: -5 } })).to.deep.equal(step(13, 10n, 25n))
    for (const limits of [{ openFiles: { soft: 9, hard: 8 } }, { nice: { soft: -5, hard: 0 } }]) {
      const field = `limits.${Object.keys(limits)[0]}.soft`
      expect(failure(limits)).to.include({ code: 'ERR_LIMIT_RANGE', field })
    }
  })

  it('rounds CPU time up to seconds, and leaves one second to catch SIGXCPU', () => {
    expect(stepsOf({ cpuTime: 1 })).to.deep.equal(step(0, 1n, 2n))
    expect(stepsOf({ cpuTime: 1000 })).to.deep.equal(step(0, 1n, 2n))
    expect(stepsOf({ cpuTime: 1001 })).to.deep.equal(step(0, 2n, 3n))
    expect(stepsOf({ cpuTime: '1.5m' })).to.deep.equal(step(0, 90n, 91n))
  })

  it('holds deeply frozen data and nothing to give back', async () => {
    const lease = new RlimitLease(parsed({ openFiles: 64, core: 0 }), open)
    expect(lease.enforced).to.deep.equal(['core', 'openFiles'])
    for (const value of [lease.enforced, lease.amendment, lease.amendment.process]) {
      expect(Object.isFrozen(value)).to.equal(true)
    }
    expect(lease.amendment.process?.every((one) => Object.isFrozen(one))).to.equal(true)
    await lease.release()
    await lease.release()
  })

  it('leaves out what is undefined', () => {
    const limits: object = { openFiles: undefined, core: 0 }
    expect(stepsOf(limits)).to.deep.equal(step(4, 0n))
  })

  it('refuses a limit that is not its own', () => {
    const foreign: object = { memory: '1MiB' }
    expect(failure(foreign)).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.memory' })
  })

  it('refuses by field to change processes of a detached container, whose launcher is another', async () => {
    const lease = new RlimitLease(parsed({ openFiles: 64 }), open, { limit: async () => {} })
    let error: unknown
    await lease.update(parsed({ openFiles: 32 })).then(undefined, (reason: unknown) => {
      error = reason
    })
    expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.openFiles' })
    expect(lease.effective.openFiles).to.deep.equal(parsed({ openFiles: 64 }).openFiles)
  })

  for (const [key, value, why] of [
    ['cpuTime', 0, 'less than 1'],
    ['cpuTime', Number.NaN, 'not a number'],
    ['openFiles', 0, 'less than 1'],
    ['openFiles', 1.5, 'whole number'],
    ['openFiles', -1, 'less than 1'],
    ['openFiles', 2 ** 60, 'more than'],
    ['openFiles', '64', 'must be a number'],
    ['processes', Number.POSITIVE_INFINITY, 'more than'],
    ['fileSize', -1, 'less than 0'],
    ['fileSize', 0.5, 'whole number'],
    ['fileSize', '1 MiB', 'is not a number and one of'],
    ['stack', 4096, 'less than 131072'],
    ['addressSpace', 4096, 'less than 1048576'],
    ['core', 2 ** 54, 'more than'],
  ] as const) {
    it(`refuses ${key} of ${JSON.stringify(value)} or the like: ${why}`, () => {
      const limits: object = { [key]: value }
      const error = failure(limits)
      expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: `limits.${key}` })
      expect(error).to.have.property('message').that.includes(why)
    })
  }
})

describe('RlimitLease against the host', () => {
  const poor: HostLimits = {
    hard: new Map<RlimitKey, bigint>([
      ['openFiles', 4096n],
      ['cpuTime', 10n],
      ['processes', 100n],
    ]),
    mayRaise: false,
    maxOpenFiles: 1_048_576n,
  }

  it('refuses more than the hard limit without CAP_SYS_RESOURCE, naming limit, bound and fix', () => {
    const error = failure({ openFiles: 4097 }, poor)
    expect(error).to.be.instanceOf(RangeError)
    expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'limits.openFiles' })
    expect(error)
      .to.have.property('message')
      .that.matches(/4097.*4096.*CAP_SYS_RESOURCE/)
    expect(error)
      .to.have.property('fix')
      .that.matches(/at most 4096.*ulimit -H/)
  })

  it('takes the hard limit itself, and limits that the host does not bound', () => {
    expect(failure({ openFiles: 4096, processes: 100, fileSize: '1GiB' }, poor)).to.equal(undefined)
  })

  it('counts the second that CPU time has beyond its soft limit', () => {
    expect(failure({ cpuTime: '9s' }, poor)).to.equal(undefined)
    expect(failure({ cpuTime: '10s' }, poor))
      .to.have.property('fix')
      .that.includes('at most 9s')
  })

  it('raises with CAP_SYS_RESOURCE, but never beyond fs.nr_open', () => {
    const rich = { ...poor, mayRaise: true }
    expect(failure({ openFiles: 1_048_576 }, rich)).to.equal(undefined)
    const error = failure({ openFiles: 1_048_577 }, rich)
    expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'limits.openFiles' })
    expect(error).to.have.property('message').that.includes('fs.nr_open')
  })
})

describe('the reason of a lease', () => {
  for (const [title, limits, change, reason] of [
    ['SIGXCPU', { cpuTime: 1000 }, { signal: 'SIGXCPU', userMs: 1000 }, 'cpu-time'],
    [
      'SIGKILL with the time used up',
      { cpuTime: 1000 },
      { signal: 'SIGKILL', userMs: 1500, systemMs: 500 },
      'cpu-time',
    ],
    ['SIGKILL before', { cpuTime: 2000 }, { signal: 'SIGKILL', userMs: 1000 }, undefined],
    [
      'a shell that reports SIGXCPU of its child',
      { cpuTime: 1000 },
      { exitCode: 152, userMs: 900, systemMs: 20 },
      'cpu-time',
    ],
    ['exit code 152 by choice', { cpuTime: 1000 }, { exitCode: 152, userMs: 3 }, undefined],
    ['SIGXCPU without our limit', { core: 0 }, { signal: 'SIGXCPU' }, undefined],
    ['SIGXFSZ', { fileSize: 1 }, { signal: 'SIGXFSZ' }, 'disk-limit'],
    ['SIGXFSZ without our limit', { cpuTime: 1000 }, { signal: 'SIGXFSZ' }, undefined],
    ['SIGSEGV', { stack: '1MiB', cpuTime: 1 }, { signal: 'SIGSEGV', userMs: 9999 }, undefined],
    ['a good end', { cpuTime: 1000, fileSize: 1 }, { exitCode: 0, userMs: 2000 }, undefined],
  ] as const) {
    it(`is ${reason ?? 'none'} for ${title}`, () => {
      expect(new RlimitLease(parsed(limits), open).reason(end(change))).to.equal(reason)
    })
  }
})

describe('acquire', () => {
  it('gives the same steps for equal values, so that a start can use what is remembered', async () => {
    const limiter = rlimits().create(Scope.root())
    const one = await acquire({ openFiles: 64 }, limiter)
    const two = await acquire({ openFiles: 64 }, limiter)
    const other = await acquire({ openFiles: 65 }, limiter)
    expect(two.amendment).to.equal(one.amendment)
    expect(other.amendment).not.to.equal(one.amendment)
  })

  it('stays correct over more different values than it keeps', async () => {
    const limiter = rlimits().create(Scope.root())
    for (let n = 1; n <= 600; n++) await acquire({ openFiles: n }, limiter)
    const lease = await acquire({ openFiles: 3 }, limiter)
    expect(lease.amendment.process).to.deep.equal([
      { op: 'rlimit', resource: 7, soft: 3n, hard: 3n },
    ])
  })
})

describe('rlimits().probe', () => {
  it('says for each limit what is counted and how finely', async () => {
    const { ok, facts } = await rlimits().probe(Scope.root())
    expect(ok).to.equal(true)
    expect(Object.keys(facts)).to.have.members([...rlimits().limits])
    expect(facts['cpuTime']).to.include('whole seconds')
  })

  it('does not claim memory', () => {
    expect(rlimits().limits).not.to.include('memory')
  })
})
