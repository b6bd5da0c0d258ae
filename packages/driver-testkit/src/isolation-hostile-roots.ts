import { isCaissonError } from '@caisson/core'
import assert from 'node:assert/strict'
import { HostileRoots, hostileScript, hostileTargets } from './hostile-root.js'
import { hostileShapes, type HostileShape } from './hostile-shapes.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'

/** A root like this may be refused, by an error that names what is wrong; nothing else may go wrong. */
const refusals: ReadonlySet<string> = new Set([
  'ERR_MOUNT_TARGET',
  'ERR_ROOTFS_INVALID',
  'ERR_LAUNCH',
  'ERR_CWD',
  'ERR_USER_NOT_FOUND',
])

/** What came of a command in such a root: nothing to complain of, or the code of a refusal. */
async function outcome(bench: IsolationBench, roots: HostileRoots, root: string): Promise<string> {
  try {
    const result = await bench.engine.run(['/bin/sh', '-c', hostileScript], {
      from: `kit:${root}`,
      mounts: [{ kind: 'bind', from: roots.bound, to: '/volume' }],
      timeout: '20s',
    })
    return result.reason === 'exit' ? result.stdout.trim() : result.reason
  } catch (error) {
    if (isCaissonError(error) && refusals.has(error.code)) return ''
    throw error
  }
}

function canMake(shape: HostileShape): boolean {
  return !shape.needsRoot || process.getuid?.() === 0
}

async function tryAll(bench: IsolationBench, target: string): Promise<void> {
  bench.needsLocal()
  const roots = new HostileRoots()
  try {
    const before = roots.fingerprint()
    const found: string[] = []
    for (const shape of hostileShapes.filter(canMake)) {
      const said = await outcome(bench, roots, roots.make(target, shape))
      if (said !== '') found.push(`${shape.name}: ${said}`)
    }
    assert.deepEqual(found, [], 'each works or is refused')
    assert.deepEqual(roots.fingerprint(), before, 'nothing of the host was touched')
  } finally {
    roots.remove()
  }
}

/** One test for each place of a root that is not what it should be. */
export const hostileRootTests: readonly IsolationTest[] = hostileTargets.map((target) => ({
  title: `touches nothing of the host when ${target} of its root is anything but what it should be`,
  run: (bench) => tryAll(bench, target),
}))
