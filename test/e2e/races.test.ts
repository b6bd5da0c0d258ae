import { setImmediate, setTimeout } from 'node:timers/promises'
import { isCaissonError } from '@caisson/core'
import { expect } from 'chai'
import { createEngine, type Exec, type PresetEngine, type DefaultLimits } from 'caisson'
import { expectNothingLeft, takeStock } from './leftovers.js'

const seed = Number(process.env['CAISSON_SEED'] ?? Date.now() % 1_000_000)
const rounds = Number(process.env['CAISSON_RACE_ROUNDS'] ?? 1000)
const from = 'busybox:'
const inFlight = 8

/** mulberry32: the same seed, the same delays. */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How it ended, in a word: the reason of a result or the code of an error; anything else is thrown. */
async function outcome(work: PromiseLike<{ readonly reason: string } | void>): Promise<string> {
  try {
    return (await work)?.reason ?? 'done'
  } catch (error) {
    if (isCaissonError(error)) return error.code
    throw error
  }
}

describe('races', function () {
  this.timeout(300_000)
  let engine: PresetEngine<DefaultLimits>
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown): void => void unhandled.push(error)
  const random = randomOf(seed)
  /** None, some turns of the event loop, or some milliseconds: a start takes about two. */
  const aMoment = async (): Promise<void> => {
    const kind = random()
    if (kind < 0.4) for (let turn = random() * 8; turn > 1; turn--) await setImmediate()
    else if (kind < 0.95) await setTimeout(random() * 8)
  }

  before(async () => {
    process.on('unhandledRejection', onUnhandled)
    console.log(`      seed ${seed} (CAISSON_SEED), ${rounds} rounds (CAISSON_RACE_ROUNDS)`)
    engine = await createEngine()
    await Promise.all(Array.from({ length: inFlight }, () => engine.run(['true'], { from })))
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    process.off('unhandledRejection', onUnhandled)
  })

  /** Rounds of a race, some at a time; each must end in one of the ways allowed, and nothing may be left. */
  const race = async (
    count: number,
    allowed: readonly string[],
    round: () => Promise<string>,
  ): Promise<void> => {
    const before = takeStock()
    const tally: Record<string, number> = {}
    let started = 0
    const worker = async (): Promise<void> => {
      while (started < count) {
        started++
        const ended = await round()
        expect(allowed, `round ${started} of seed ${seed}`).to.include(ended)
        tally[ended] = (tally[ended] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
    console.log(`      ${count} rounds: ${JSON.stringify(tally)}`)
    expect(Object.values(tally).reduce((a, b) => a + b, 0)).to.equal(count)
    expect(unhandled).to.deep.equal([])
    await expectNothingLeft(before)
  }

  it('of an abort and a start', () =>
    race(rounds, ['ERR_ABORTED', 'aborted', 'exit'], async () => {
      const controller = new AbortController()
      const argv = random() < 0.5 ? ['true'] : ['sleep', '1000']
      const ended = outcome(engine.run(argv, { from, signal: controller.signal }))
      await aMoment()
      controller.abort()
      return ended
    }))

  it('of a kill and an exit', () =>
    race(rounds, ['ERR_ABORTED', 'killed', 'exit'], async () => {
      const exec = engine.run(['true'], { from })
      const ended = outcome(exec)
      await aMoment()
      await exec.kill()
      return ended
    }))

  it('of two kills', () =>
    race(rounds, ['ERR_ABORTED', 'killed'], async () => {
      const exec = engine.run(['sleep', '1000'], { from })
      const ended = outcome(exec)
      await aMoment()
      await Promise.all([exec.kill('SIGTERM'), exec.kill(), exec.kill()])
      return ended
    }))

  it('of a timeout, with and without a grace, and an exit', () =>
    race(rounds, ['wall-time', 'exit'], async () => {
      const timeout = 1 + random() * 10
      const killGrace = random() < 0.5 ? 0 : 1 + random() * 3
      const argv = ['sleep', String(timeout / 1000)]
      return outcome(engine.run(argv, { from, timeout, killGrace }))
    }))

  it('of a stop, with and without a grace, and commands', () =>
    race(
      Math.ceil(rounds / 4),
      ['ERR_ABORTED', 'ERR_CONTAINER_STATE', 'ERR_CONTAINER_GONE', 'killed', 'exit'],
      async () => {
        const container = await engine.create({ from })
        const commands: Exec[] = [container.exec('sleep', ['1000']), container.exec('true')]
        const ended = commands.map(outcome)
        await aMoment()
        const stopping = container.stop(random() < 0.5 ? {} : { grace: 1 + random() * 5 })
        ended.push(outcome(container.exec('true')))
        await stopping
        await container.remove()
        return (await Promise.all(ended))[Math.floor(random() * 3)] ?? ''
      },
    ))

  it('of a removal and a start', () =>
    race(
      Math.ceil(rounds / 4),
      ['ERR_ABORTED', 'ERR_CONTAINER_STATE', 'ERR_CONTAINER_GONE', 'killed', 'exit'],
      async () => {
        const controller = new AbortController()
        const creating = engine.create({ from, signal: controller.signal })
        await aMoment()
        if (random() < 0.5) controller.abort()
        const container = await creating.catch((error: unknown) => {
          if (isCaissonError(error, 'ERR_ABORTED')) return undefined
          throw error
        })
        if (container === undefined) return 'ERR_ABORTED'
        const ended = outcome(container.exec(random() < 0.5 ? 'true' : 'sleep', ['1000']))
        await aMoment()
        await Promise.all([container.remove(), container.stop(), container.remove()])
        return ended
      },
    ))

  it('of the end of an engine and all that it does', () =>
    race(
      Math.ceil(rounds / 20),
      [
        'ERR_ABORTED',
        'ERR_DISPOSED',
        'ERR_CONTAINER_STATE',
        'ERR_CONTAINER_GONE',
        'killed',
        'exit',
      ],
      async () => {
        const other = await createEngine()
        const ended = [
          outcome(other.run(['sleep', '1000'], { from })),
          outcome(other.run(['true'], { from })),
          outcome(other.create({ from }).then((container) => container.exec('sleep', ['1000']))),
        ]
        await setTimeout(random() * 60)
        await Promise.all([other[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
        return (await Promise.all(ended))[Math.floor(random() * 3)] ?? ''
      },
    ))
})
