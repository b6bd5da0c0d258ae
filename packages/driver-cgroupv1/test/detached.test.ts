import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  childGroups,
  isKeptSlot,
  keptSlotName,
  readHierarchies,
  slotName,
} from '@caisson/cgroup-kit'
import { createEngine, type Engine } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { busyboxRootfs } from '@caisson/rootfs-local'
import { expect } from 'chai'

const GREEDY = 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'

/** Where the groups of a container are, whoever made them. */
function groupsOf(id: string): string[] {
  return readHierarchies().flatMap(({ own }) =>
    childGroups(own)
      .filter(isKeptSlot)
      .map((slot) => join(own, slot, id))
      .filter((path) => existsSync(path)),
  )
}

describe('cgroupV1 of a detached container', function () {
  this.timeout(60_000)
  let stateDir: string
  const open = () =>
    createEngine({
      rootfs: busyboxRootfs(),
      isolation: pivotRoot(),
      limiters: [cgroupV1()],
      stateDir,
    })

  before(async function () {
    await using scope = Scope.root()
    const { missing } = await cgroupV1().probe(scope)
    if (missing.length === 0) return
    console.log(`skipped: ${missing.map(({ what }) => what).join('; ')}`)
    this.skip()
  })
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-detached-v1-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true }))

  it('holds without the engine that made it, is found by another, and goes with the container', async () => {
    let id: string
    {
      await using engine: Engine = await open()
      const container = await engine.create({
        detached: true,
        limits: { memory: '32MiB', pids: 20 },
      })
      id = container.id
      expect((await container.sh('echo hi')).stdout).to.equal('hi\n')
      await container.detach()
    }
    expect(groupsOf(id)).not.to.deep.equal([])
    await using engine = await open()
    const container = await engine.get(id)
    const result = await container.sh(GREEDY)
    expect(result.reason).to.equal('oom')
    expect(result.effective).to.deep.equal({ memory: { max: 32 << 20, swap: 0 }, pids: 20 })
    await container.remove()
    while (groupsOf(id).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  it('is removed by prune() when its maker is dead and nobody lives in it', async () => {
    const { pid } = spawnSync('/bin/true')
    const [tree] = readHierarchies().filter(({ controllers }) => controllers.includes('memory'))
    const own = tree?.own ?? ''
    const slots = [slotName(), keptSlotName()].map((name) =>
      join(own, name.replace(/^caisson-\d+/, `caisson-${pid}`)),
    )
    for (const slot of slots) mkdirSync(join(slot, 'a container'), { recursive: true })
    await using engine = await open()
    await engine.prune()
    for (const slot of slots) expect(existsSync(slot), slot).to.equal(false)
  })
})
