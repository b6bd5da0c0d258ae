import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childGroups, isKeptSlot, keptSlotName, probeSlotName, slotName } from '@caisson/cgroup-kit'
import { createEngine, type Engine } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { busyboxRootfs } from '@caisson/rootfs-local'
import { expect } from 'chai'
import { driver } from './kit-module.js'

const take = (mib: number): string => `exec dd if=/dev/zero of=/dev/null bs=${mib}M count=1`

describe('cgroupV2 of a detached container', function () {
  this.timeout(120_000)
  let stateDir: string
  let root = ''
  const open = (): Promise<Engine> =>
    createEngine({
      // where id-mapped mounts are taken, in the machine too
      rootfs: busyboxRootfs({ dataDir: join(stateDir, 'data') }),
      isolation: pivotRoot(),
      limiters: [driver()],
      stateDir,
    })
  const groupsOf = (id: string): readonly string[] =>
    childGroups(root)
      .filter(isKeptSlot)
      .map((slot) => join(root, slot, id))
      .filter((path) => existsSync(path))

  before(async function () {
    await using scope = Scope.root()
    const { missing, facts } = await driver().probe(scope)
    root = facts['root'] ?? ''
    if (missing.length === 0) return
    console.log(`skipped: ${missing.map(({ what }) => what).join('; ')}`)
    this.skip()
  })
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-detached-v2-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true }))

  async function make(): Promise<string> {
    await using engine = await open()
    const limits = { memory: '32MiB', pids: 20 } as const
    const container = await engine.create({ detached: true, limits })
    expect((await container.sh('echo hi')).stdout).to.equal('hi\n')
    await container.detach()
    return container.id
  }

  it('holds without the engine that made it, is counted by another, and goes with the container', async () => {
    const id = await make()
    expect(groupsOf(id)).to.have.length(1)
    await using engine = await open()
    const container = await engine.get(id)
    const result = await container.sh(take(100))
    expect(result.reason).to.equal('oom')
    expect(result.effective).to.deep.include({
      memory: { max: 32 << 20, swap: 0, oomGroup: true },
      pids: 20,
    })
    const { memory, pids } = await container.stats()
    expect(memory.events?.oomKill).to.be.greaterThan(0)
    expect(pids.current).to.be.greaterThanOrEqual(0)
    await container.stop()
    await container.remove()
    while (groupsOf(id).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  it('has its limits changed by another engine, and whoever comes next finds them so', async () => {
    const id = await make()
    {
      await using engine = await open()
      const container = await engine.get(id)
      const { effective } = await container.update({ memory: '128MiB', cpu: 0.5 })
      expect(effective.memory?.max).to.equal(128 << 20)
      expect((await container.sh(take(64))).exitCode).to.equal(0)
    }
    await using engine = await open()
    const container = await engine.get(id)
    const result = await container.sh(take(64))
    expect(result.exitCode).to.equal(0)
    expect(result.effective.memory?.max).to.equal(128 << 20)
    expect(result.effective.cpu?.quotaUs).to.equal(50_000)
    expect(result.enforced).to.include.members(['memory', 'pids', 'cpu'])
    await container.remove()
  })

  for (const by of ['the start of an engine', 'prune()']) {
    it(`what a dead process left is removed by ${by}`, async () => {
      const { pid } = spawnSync('/bin/true')
      const dead = (name: string): string =>
        join(root, name.replace(/^caisson-\d+/, `caisson-${pid}`))
      const slots = [slotName(), keptSlotName()].map(dead)
      const leave = (): void => {
        for (const slot of slots) mkdirSync(join(slot, 'a container'), { recursive: true })
        mkdirSync(dead(probeSlotName()))
      }
      if (by !== 'prune()') leave()
      await using engine = await open()
      if (by === 'prune()') {
        leave()
        await engine.prune()
      } else {
        // it is not waited for: an engine's end is
        await engine[Symbol.asyncDispose]()
      }
      for (const slot of [...slots, dead(probeSlotName())])
        expect(existsSync(slot), slot).to.equal(false)
    })
  }
})
