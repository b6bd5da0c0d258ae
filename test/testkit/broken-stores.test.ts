import { fileURLToPath } from 'node:url'
import { testSnapshotStore } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { collect, failures } from '#testkit-test/collect.js'
import { brokenStores, open } from './broken-store.js'

const module = fileURLToPath(new URL('broken-store.js', import.meta.url))

/** Titles of the tests that failed. */
async function failed(fault: string, only: readonly string[]): Promise<readonly string[]> {
  process.env['CAISSON_TEST_FAULT'] = fault
  try {
    const outcomes = await collect((api) => testSnapshotStore(api, { open, module }), only)
    expect(outcomes.map(({ title }) => title)).to.have.members(only)
    expect(outcomes.map(({ skipped }) => skipped)).to.not.include.members(['skipped'])
    return failures(outcomes)
  } finally {
    delete process.env['CAISSON_TEST_FAULT']
  }
}

describe('testSnapshotStore', function () {
  this.timeout(120_000)

  it('has a store that fails it for each of its tests', async () => {
    const titles: string[] = []
    testSnapshotStore(
      {
        describe: (_, define) => define(),
        it: (title) => titles.push(title),
        before: () => {},
        after: () => {},
      },
      { open },
    )
    const noticed = new Set(Object.values(brokenStores).map((store) => store.noticed))
    expect([...noticed]).to.have.members(titles)
    return Promise.resolve()
  })

  for (const [what, { noticed }] of Object.entries(brokenStores)) {
    it(`fails a store that ${what}`, async () => {
      expect(await failed(what, [noticed])).to.deep.equal([noticed])
    })
  }
})
