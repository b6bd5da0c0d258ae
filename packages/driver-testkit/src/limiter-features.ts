import type { Engine, Exec, LimitLease, ResourceLimiter } from '@caisson/core'
import assert from 'node:assert/strict'
import { rejection } from './expectations.js'
import type { AnyDriver } from './manifest-tests.js'
import { defineTest, type TestApi } from './test-api.js'

/** What these tests need of the suite. */
export interface FeatureBench {
  readonly limiter: ResourceLimiter
  engine(): Promise<Engine>
  needsWorkingDrivers(): Promise<void>
}

type Pausing = Awaited<ReturnType<Engine['create']>>

/** A command that says back what it is told. */
async function startEcho(
  container: Pausing,
): Promise<{ exec: Exec; answers: AsyncIterator<string> }> {
  const exec = container.exec('/bin/cat', [], { stdin: 'pipe' })
  const answers = exec.lines()[Symbol.asyncIterator]()
  exec.stdin.write('first\n')
  assert.equal((await answers.next()).value, 'first')
  return { exec, answers }
}

async function pauseAndResume(engine: Engine, container: Pausing): Promise<void> {
  const { exec, answers } = await startEcho(container)
  await container.pause()
  assert.equal(container.state, 'paused')
  exec.stdin.write('second\n')
  let answered = false
  const answer = answers.next().then(({ value }) => {
    answered = true
    return value
  })
  await rejection(container.exec('/bin/true'), 'ERR_CONTAINER_STATE')
  // time in which a container that runs would have answered
  for (let round = 0; round < 5; round++) assert.ok((await engine.run(['/bin/true'])).ok)
  assert.equal(answered, false, 'a paused command answers nothing')
  await container.resume()
  assert.equal(await answer, 'second')
  await container.pause()
  await container.stop()
  assert.equal((await exec).reason, 'killed', 'a paused container can be stopped')
}

/** Each feature of a limiter, and the method it brings. */
const methods = [
  ['freeze', 'freeze'],
  ['watch', 'watch'],
  ['account', 'account'],
  ['account', 'cpuTimeMs'],
  ['stats', 'stats'],
  ['update', 'update'],
  ['kill', 'killAll'],
] as const

/** A method is there if and only if the manifest names its feature; what it does is shown on a real container. */
export function testLimiterFeatures(
  api: TestApi,
  driver: () => AnyDriver<'limiter'>,
  bench: () => FeatureBench,
): void {
  const acquire = (): Promise<LimitLease> =>
    bench().limiter.acquire({ id: 'kit', scope: 'container', limits: {} })

  defineTest(api, 'brings the methods of its features, and no others', async () => {
    await bench().needsWorkingDrivers()
    const lease = await acquire()
    try {
      for (const [feature, method] of methods) {
        const declared = driver().features.includes(feature)
        assert.equal(lease[method] !== undefined, declared, `${feature}: declared ${declared}`)
      }
      assert.deepEqual(lease.enforced, [], 'no limit was asked for')
    } finally {
      await lease.release()
    }
  })

  if (!driver().features.includes('freeze')) return
  defineTest(api, 'stops a container and lets it go on', async () => {
    await bench().needsWorkingDrivers()
    const engine = await bench().engine()
    const container = await engine.create()
    try {
      await pauseAndResume(engine, container)
    } finally {
      await container.remove()
    }
  })
}
