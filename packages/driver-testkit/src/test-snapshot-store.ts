import { collectedTests } from './snapshots-collected.js'
import { committedTests } from './snapshots-committed.js'
import { keptTests } from './snapshots-kept.js'
import { placeTests } from './snapshots-places.js'
import { processTests } from './snapshots-processes.js'
import { SnapshotsBench, type SnapshotStoreSuiteOptions } from './snapshots-bench.js'
import { defineTest, type TestApi } from './test-api.js'

const tests = [...placeTests, ...keptTests, ...collectedTests, ...committedTests, ...processTests]

/**
 * Conformance of a store of snapshots (`SNAPSHOTS` of `@caisson/core`), each test in a store of its own. Nothing is mounted and
 * nothing needs rights: what a container would see is worked out from the directories.
 * @param api the functions of the test runner
 */
export function testSnapshotStore(api: TestApi, options: SnapshotStoreSuiteOptions): void {
  api.describe('as a store of snapshots', () => {
    for (const { title, run } of tests) {
      defineTest(api, title, async () => {
        await using bench = new SnapshotsBench(options)
        await run(bench)
      })
    }
  })
}
