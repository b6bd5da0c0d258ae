import type { PresetEngine } from 'caisson'
import { check, lesson, shown } from './print.js'
import { descendantsOf, isAlive, type HostProcess } from './processes.js'

const MOST = 32

async function loopForEver(engine: PresetEngine, from: string): Promise<void> {
  const loop = 'while :; do :; done'
  const result = await engine.run(['sh', '-c', loop], {
    from,
    limits: { cpuTime: '1s' },
    timeout: '30s',
  })
  shown(
    `sh -c '${loop}'`,
    `${result.reason} after ${(result.usage.cpuMs / 1000).toFixed(1)} s of CPU`,
  )
  check(
    'an endless loop ends by its limit, and the result says cpu-time',
    result.reason === 'cpu-time',
    result.reason,
  )
}

async function forkForEver(engine: PresetEngine, from: string): Promise<void> {
  // what gets no child dies of it, but for the first, which needs one while it is alone
  const bomb = 'bomb() { bomb & bomb & exec sleep 9; }; bomb & exec sleep 9'
  await using container = await engine.create({ from, limits: { processes: MOST } })
  const seen = new Map<number, HostProcess>()
  let most = 0
  const watch = setInterval(() => {
    const now = descendantsOf(container.pid)
    most = Math.max(most, now.length)
    for (const found of now) seen.set(found.pid, found)
  }, 20)
  const result = await container.sh(bomb, { timeout: '2s' })
  clearInterval(watch)
  shown(bomb, `${result.reason}; ${most} processes at most`)
  check(`a fork bomb gets no more than ${MOST} processes`, most > 2 && most <= MOST, String(most))
  await container.stop()
  const left = [...seen.values()].filter(isAlive)
  check(`and none of the ${seen.size} seen is left`, left.length === 0, String(left.length))
}

/** Lesson 5: what does not end by itself is ended. */
export async function breakLimits(engine: PresetEngine, from: string): Promise<void> {
  lesson(5, 'For ever')
  await loopForEver(engine, from)
  await forkForEver(engine, from)
}
