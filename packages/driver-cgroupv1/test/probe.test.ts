import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { Scope } from '@caisson/core/di'
import { expect } from 'chai'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { probeTrees } from '../dist/probe.js'
import { findTrees } from '../dist/trees.js'

/** A hierarchy as `readHierarchies` finds one. */
const hierarchy = (version: 1 | 2, own: string, ...controllers: readonly string[]) => ({
  version,
  controllers,
  mount: own,
  own,
  nsdelegate: false,
})

describe('probeTrees', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-probe-v1-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const tree = (name: string, ...files: readonly string[]): string => {
    const path = join(directory, name)
    mkdirSync(path)
    for (const file of files) writeFileSync(join(path, file), '')
    return path
  }

  it('says on a host of cgroup v2 alone that there is no v1', () => {
    const probe = probeTrees(findTrees([hierarchy(2, tree('unified'))]))
    expect(probe.ok).to.equal(false)
    expect(probe.missing[0]?.what).to.include('cgroup v1')
    expect(probe.limits?.['memory']).to.have.property('level', 'unsupported')
  })

  it('takes controllers that are mounted together, and misses files by name', () => {
    const together = tree('cpu,cpuacct', 'cpuacct.usage', 'cpu.shares')
    const trees = findTrees([
      hierarchy(1, together, 'cpu', 'cpuacct'),
      hierarchy(1, tree('memory', 'memory.limit_in_bytes'), 'memory'),
      hierarchy(1, tree('pids'), 'pids'),
      hierarchy(1, tree('devices'), 'devices'),
    ])
    const { ok, limits, degraded } = probeTrees(trees)
    expect(ok).to.equal(true)
    expect(trees.of('cpu')).to.equal(trees.of('cpuacct'))
    expect(limits?.['cpu']).to.have.property('why').that.includes('cpu.cfs_quota_us')
    expect(limits?.['cpu.weight']).to.have.property('level', 'enforced')
    expect(limits?.['memory']).to.have.property('note').that.includes('swap')
    expect(limits?.['memory.swap']).to.have.property('level', 'unsupported')
    expect(limits?.['pids']).to.have.property('fix').that.includes('CONFIG_CGROUP_PIDS')
    expect(degraded[0]).to.include('one by one')
  })

  it('names the controller that is not mounted, and how to mount it', () => {
    const trees = findTrees([hierarchy(1, tree('memory', 'memory.limit_in_bytes'), 'memory')])
    const { missing } = probeTrees(trees)
    expect(missing.map(({ what }) => what)).to.deep.equal([
      'the controller cpuacct',
      'the controller pids',
    ])
    expect(missing[0]?.fix).to.include('mount -t cgroup -o cpuacct')
  })

  it('makes nothing', async () => {
    await using scope = Scope.root()
    const driver = cgroupV1()
    const [one, two] = [await driver.probe(scope), await driver.probe(scope)]
    expect(one).to.deep.equal(two)
  })
})
