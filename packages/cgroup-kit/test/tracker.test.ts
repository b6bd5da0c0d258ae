import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesOf, removeGroups, trackGroup } from '@caisson/cgroup-kit'
import { expect } from 'chai'
import { TestGroup, writableTrees } from './group-fixture.js'

const trees = writableTrees()
const ticks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

/** Thirty-two that fork as fast as they can, half of them in sessions of their own. */
const many =
  'echo up; i=0; while [ $i -lt 16 ]; do sh -c "while :; do (:); done" & setsid sh -c "while :; do (:); done" & i=$((i+1)); done; wait'

for (const kind of ['cgroup2', 'freezer', 'pids'] as const) {
  describe(`trackGroup (${kind})`, () => {
    before(function () {
      if (trees.has(kind)) return
      console.log(`skipped: no ${kind} tree in which this user may make groups`)
      this.skip()
    })
    const tree = (): string => trees.get(kind) ?? ''

    it('kills all, forking ones too, and knows when nobody is left', async function () {
      this.timeout(60_000)
      await using group = new TestGroup(tree())
      const tracker = trackGroup(group.directory)
      expect(tracker.populated()).to.equal(false)
      const child = await group.run(many)
      expect(tracker.populated()).to.equal(true)
      const exit = once(child, 'exit')
      await tracker.kill()
      expect(await tracker.waitEmpty(20_000)).to.equal(true)
      expect((await exit)[1]).to.equal('SIGKILL')
      expect(processesOf(group.directory)).to.deep.equal([])
      await tracker.kill()
    })

    it('removes groups below it too, when they are empty', async () => {
      await using group = new TestGroup(tree())
      mkdirSync(join(group.directory, 'a/b'), { recursive: true })
      mkdirSync(join(group.directory, 'c'))
      const child = await group.run('echo up; exec sleep 1000')
      expect(await removeGroups(group.directory, 20)).to.equal(false)
      child.kill('SIGKILL')
      expect(await removeGroups(group.directory, 10_000)).to.equal(true)
      expect(existsSync(group.directory)).to.equal(false)
      mkdirSync(group.directory)
    })

    it('says that a group that is gone is empty, and kills nobody', async () => {
      const group = new TestGroup(tree())
      const tracker = trackGroup(group.directory)
      expect(await removeGroups(group.directory, 1000)).to.equal(true)
      expect(tracker.populated()).to.equal(false)
      await tracker.kill()
      expect(await tracker.waitEmpty(1000)).to.equal(true)
      expect(await removeGroups(group.directory, 1000)).to.equal(true)
    })

    if (kind === 'pids') {
      it('does not offer to freeze', async () => {
        await using group = new TestGroup(tree())
        expect(trackGroup(group.directory)).not.to.have.property('freeze')
      })
      return
    }

    it('stops all and lets them go on; kills what stands still', async function () {
      this.timeout(30_000)
      await using group = new TestGroup(tree())
      const tracker = trackGroup(group.directory)
      const child = await group.run('echo up; while :; do :; done')
      const pid = child.pid ?? 0
      await tracker.freeze?.(true)
      const before = ticks(pid)
      const busy = performance.now()
      // time in which one that runs is seen to
      while (performance.now() - busy < 200);
      expect(ticks(pid)).to.equal(before)
      await tracker.freeze?.(false)
      while (ticks(pid) === before) await new Promise((resolve) => setTimeout(resolve, 5))
      await tracker.freeze?.(true)
      const exit = once(child, 'exit')
      await tracker.kill()
      await exit
      expect(await tracker.waitEmpty(5000)).to.equal(true)
    })
  })
}
