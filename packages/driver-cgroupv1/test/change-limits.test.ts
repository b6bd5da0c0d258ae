import { parseLimits, resolveBlockDevice, type Limits } from '@caisson/core'
import { expect } from 'chai'
import { changeLimits } from '../dist/change-limits.js'
import { effectiveLimits } from '../dist/effective.js'
import { GroupStore } from '../dist/group-store.js'
import type { Group } from '../dist/group.js'
import { treesOf } from '../dist/placement.js'

const host = { swap: true, disk: resolveBlockDevice }
const parse = (limits: Limits) => parseLimits(limits, 'limits')
const nobody = (): Promise<void> => Promise.reject(new Error('nobody is to be killed'))

describe('changeLimits', () => {
  let store: GroupStore
  let group: Group

  before(function () {
    store = new GroupStore()
    const { trees } = store
    if (trees.of('memory')?.writable === true && trees.of('pids')?.writable === true) return
    console.log('skipped: no v1 hierarchies of memory and pids in which this user may make groups')
    this.skip()
  })
  beforeEach(() => {
    store = new GroupStore()
    group = store.make(treesOf(store.trees, ['memory', 'cpu', 'pids', 'cpuset']))
  })
  afterEach(async () => {
    await group.remove()
    await store[Symbol.asyncDispose]()
  })

  const has = (limits: Limits) => effectiveLimits(group, parse(limits), host)
  const change = (limits: Limits, before: Limits = {}) =>
    changeLimits(group, parse(before), parse(limits), host, 'reject', nobody)

  it('raises and lowers memory with and without swap, in whichever order the kernel takes', async () => {
    for (const memory of [
      '64MiB',
      '128MiB',
      { max: '32MiB', swap: '32MiB' },
      { max: '256MiB', swap: 0 },
      { max: '16MiB', swap: 'max' },
      'max',
      '24MiB',
    ] as const) {
      await change({ memory })
      expect(has({ memory }), JSON.stringify(memory)).to.deep.equal({
        memory: { ...parse({ memory }).memory, ...has({ memory }).memory },
      })
      const asked = parse({ memory }).memory?.max
      expect(has({ memory }).memory?.max).to.equal(asked)
    }
  })

  it('leaves an idle group for one with a weight, and back', async () => {
    await change({ cpu: { weight: 'idle' } })
    await change({ cpu: { weight: 250 } }, { cpu: { weight: 'idle' } })
    expect(has({ cpu: { weight: 250 } })).to.deep.equal({ cpu: { weight: 250 } })
    await change({ cpu: { weight: 'idle' } }, { cpu: { weight: 250 } })
  })

  it('changes all or nothing: what was changed before one is refused is changed back', async () => {
    const before = { memory: '64MiB', pids: 20, cpu: { max: 0.5, weight: 200 } } as const
    await change(before)
    let code: unknown
    try {
      await change(
        { pids: 10, memory: '32MiB', cpu: { max: 0.9, weight: 100, set: '4000' } },
        before,
      )
    } catch (error) {
      code = error instanceof Error && 'code' in error ? error.code : error
    }
    expect(code).to.equal('ERR_LIMIT_RANGE')
    expect(has(before)).to.deep.equal({
      memory: { max: 64 << 20, swap: 0 },
      pids: 20,
      cpu: { quotaUs: 50_000, periodUs: 100_000, weight: 200 },
    })
  })
})
