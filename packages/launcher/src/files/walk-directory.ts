import { fileFault, type WalkEvent, type WalkOptions } from '@caisson/core'
import { MalformedFrame } from '../codec.js'
import type { FileConnection } from './file-connection.js'
import type { FileSlots } from './file-slots.js'
import { WalkMemory } from './walk-memory.js'
import { parseWalk, type WalkAnswer } from './walk-records.js'

/** Answers asked for before they are wanted, of at most 256 KiB each. */
const AHEAD = 4
const ALL = 0xffff_ffff_ffff_ffffn
const top = Buffer.from('.')

/** A walk of all that a server serves. */
export async function* walkDirectory(
  connection: FileConnection,
  numbers: FileSlots,
  { omitHoles = false, omitLarger }: WalkOptions,
): AsyncGenerator<readonly WalkEvent[], void, void> {
  const number = await numbers.take()
  const memory = new WalkMemory()
  const asked: Promise<Buffer>[] = []
  const ask = (): void => {
    const answer = connection.request('next', { number }, top, (length) => memory.get(length))
    // it is awaited when its turn comes; a failure before that is not unhandled
    answer.catch(() => {})
    asked.push(answer)
  }
  try {
    const most = omitLarger === undefined ? ALL : BigInt(omitLarger)
    await connection.request('walk', { number, holes: omitHoles ? 1 : 0, most }, top)
    for (let i = 0; i < AHEAD; i++) ask()
    for (let answer = await asked.shift(); answer?.length; answer = await asked.shift()) {
      ask()
      const { events, failure } = parsed(answer)
      yield events
      if (failure !== undefined) throw failure
      memory.give(answer)
    }
  } finally {
    // with its server, the walk is over
    if (connection.alive) await connection.request('endWalk', { number }, top).catch(() => {})
    numbers.give(number)
  }
}

function parsed(answer: Buffer): WalkAnswer {
  try {
    return parseWalk(answer)
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error
    throw fileFault('ERR_FILE_IO', top, 'its walk is malformed', error)
  }
}
