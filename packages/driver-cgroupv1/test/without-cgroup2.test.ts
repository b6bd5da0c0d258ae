import { defineDriver } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter, type TestApi } from '@caisson/driver-testkit'
import { readHierarchies, type Hierarchy } from '@caisson/cgroup-kit'
import { expect } from 'chai'
import { GROUP_STORE, GroupStore } from '../dist/group-store.js'
import { CgroupV1Limiter } from '../dist/limiter.js'
import { findTrees } from '../dist/trees.js'

/** The driver as it is on a host that has only these hierarchies. */
const onHost = (keep: (hierarchy: Hierarchy) => boolean) => () => {
  const real = cgroupV1()
  const { name, limits, features } = real
  const trees = findTrees(readHierarchies().filter(keep))
  return defineDriver({
    kind: 'limiter',
    name,
    apiVersion: 1,
    limits,
    features,
    modules: [
      {
        name: 'a host of another kind',
        install(scope) {
          if (!scope.has(GROUP_STORE)) scope.provide(GROUP_STORE, {}, () => new GroupStore(trees))
        },
      },
    ],
    inject: { store: GROUP_STORE },
    async probe() {
      await using scope = Scope.root()
      return real.probe(scope)
    },
    create: ({ store }) => new CgroupV1Limiter(store),
  })
}

const isV1 = ({ version }: Hierarchy): boolean => version === 1
const isPlain = (hierarchy: Hierarchy): boolean =>
  isV1(hierarchy) && !hierarchy.controllers.includes('freezer')

/** Only the tests that a host of another kind bears on. */
const only = (form: RegExp): TestApi => ({
  describe,
  before,
  after,
  it: (title, run) => (form.test(title) ? it(title, run) : undefined),
})

describe('cgroupV1 without cgroup2', function () {
  this.timeout(60_000)

  describe('stops and kills by the freezer', () => {
    testLimiter(only(/stops a container|^#(?:9|1[1-4]|16) /), {
      driver: onHost(isV1),
      isolation: pivotRoot,
    })
  })

  describe('and without the freezer kills by signals', () => {
    testLimiter(only(/^#(?:12|13|15) /), { driver: onHost(isPlain), isolation: pivotRoot })

    it('keeps a detached container from limits that nobody could sweep', async function () {
      await using scope = Scope.root()
      const driver = onHost(isPlain)()
      if (!(await driver.probe(scope)).ok) return this.skip()
      const request = { scope: 'container', limits: {} } as const
      const plain = await driver.create(scope).acquire({ id: 'a'.repeat(32), ...request })
      expect(plain.durable).to.equal(false)
      await plain.release()
      await using other = Scope.root()
      const freezing = await onHost(isV1)()
        .create(other)
        .acquire({ id: 'b'.repeat(32), ...request })
      expect(freezing.durable).to.equal(true)
      await freezing.release()
      return undefined
    })
  })
})
