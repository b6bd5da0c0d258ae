import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isOrphanedSlot, removeGroups, slotName, sweepSlots } from '@caisson/cgroup-kit'
import { expect } from 'chai'
import { TestGroup, writableTrees } from './group-fixture.js'

/** A slot's name whose owner has been and gone. */
function orphanName(): string {
  const { pid } = spawnSync('/bin/true')
  return slotName().replace(/^caisson-\d+/, `caisson-${pid}`)
}

describe('slotName', () => {
  it('is that of a living owner', () => {
    expect(slotName()).to.match(/^caisson-\d+-[1-9]\d*-[1-9]\d*$/)
    expect(isOrphanedSlot(slotName())).to.equal(false)
  })

  it('is orphaned when its owner is dead, or has given its pid to somebody else', () => {
    expect(isOrphanedSlot(orphanName())).to.equal(true)
    expect(isOrphanedSlot(slotName().replace(/-\d+-(\d+)$/, '-1-$1'))).to.equal(true)
  })

  it('is not called orphaned from another pid namespace, nor is any other name', () => {
    expect(isOrphanedSlot(orphanName().replace(/-\d+$/, '-1'))).to.equal(false)
    for (const name of ['caisson-1', 'caisson-test-1-2', 'docker', 'xcaisson-1-1-1', '']) {
      expect(isOrphanedSlot(name), name).to.equal(false)
    }
  })
})

describe('sweepSlots', () => {
  const trees = [...writableTrees().values()]

  before(function () {
    if (trees.length > 0) return
    console.log('skipped: no tree of control groups in which this user may make groups')
    this.skip()
  })

  it('kills and removes what a dead owner left in every tree, and nothing else', async function () {
    this.timeout(30_000)
    const name = orphanName()
    const own = slotName()
    const made: TestGroup[] = []
    for (const tree of trees) made.push(new TestGroup(tree, name))
    const [first] = made
    const child = await first?.run('echo up; while :; do sleep 1; done')
    for (const { directory } of made) mkdirSync(join(directory, 'container'))
    mkdirSync(join(trees[0] ?? '', own))
    try {
      const exit = child === undefined ? undefined : once(child, 'exit')
      const swept = await Promise.all([sweepSlots(trees), sweepSlots(trees)])
      expect(swept.flatMap(({ failed }) => failed)).to.deep.equal([])
      expect(swept.flatMap(({ removed }) => removed)).to.include(name)
      await exit
      for (const { directory } of made) expect(existsSync(directory), directory).to.equal(false)
      expect(existsSync(join(trees[0] ?? '', own))).to.equal(true)
    } finally {
      await removeGroups(join(trees[0] ?? '', own), 1000)
    }
  })

  it('finds nothing where nothing is', async () => {
    expect(await sweepSlots(['/nowhere'])).to.deep.equal({ removed: [], failed: [] })
  })
})
