import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { GroupStore } from '../dist/group-store.js'
import { treesOf } from '../dist/placement.js'

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const none = () => ({})

describe('GroupStore', () => {
  let store: GroupStore
  const make = () => store.make(treesOf(store.trees, ['memory', 'cpuacct']))
  const left = (): readonly string[] => store.slots.filter((slot) => existsSync(slot))

  before(function () {
    store = new GroupStore()
    if (store.trees.of('memory')?.writable === true) return
    console.log('skipped: no v1 hierarchy of memory in which this user may make groups')
    this.skip()
  })
  beforeEach(() => {
    store = new GroupStore()
  })
  afterEach(() => store[Symbol.asyncDispose]())

  it('makes groups ahead for what is asked for again, and not for what is asked for once', async () => {
    const names = new Set<string>()
    const made: string[] = []
    const count = () => {
      const group = make()
      made.push(group.name)
      return group
    }
    for (let n = 0; n < 4; n++) {
      const { group } = store.take('key', count, none)
      names.add(group.name)
      await group.remove()
      await settle()
      expect(made).to.have.length([1, 4, 5, 6][n] ?? 0)
    }
    expect(names.size).to.equal(4)
  })

  it('leaves nothing behind, however many kinds were asked for at once', async () => {
    // in one turn, twice each: some are forgotten again before what they were to have ready is made
    const taken = Array.from({ length: 40 }, (_, n) => store.take(`key ${n >> 1}`, make, none))
    for (const { group } of taken) await group.remove()
    await settle()
    expect(left()).not.to.deep.equal([])
    await store[Symbol.asyncDispose]()
    expect(left()).to.deep.equal([])
  })

  it('leaves the groups of another engine of the process alone', async () => {
    const other = new GroupStore()
    const theirs = other.make(treesOf(other.trees, ['memory']))
    await make().remove()
    await store[Symbol.asyncDispose]()
    for (const directory of theirs.directories) expect(existsSync(directory)).to.equal(true)
    await theirs.remove()
    await other[Symbol.asyncDispose]()
    for (const slot of other.slots) expect(existsSync(slot)).to.equal(false)
  })
})
