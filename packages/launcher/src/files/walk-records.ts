import { fileError, type CaissonError, type WalkEvent } from '@caisson/core'
import { MalformedFrame } from '../codec.js'
import { parseFound } from './file-records.js'

const ENTRY = 0
const CONTENT = 1
const FAILED = 2
const HEAD = 8
/** Of the content of such a file nothing is told. */
const NOT_TOLD = 0xffff_ffff_ffff_ffffn

function entryOf(bytes: Buffer): WalkEvent {
  if (bytes.length < 12) throw new MalformedFrame('an entry is cut off')
  const end = 4 + bytes.readUInt32LE(0)
  if (end + 8 > bytes.length) throw new MalformedFrame('an entry is cut off')
  const told = bytes.readBigUInt64LE(end)
  return {
    kind: 'entry',
    path: bytes.subarray(4, end),
    found: parseFound(bytes.subarray(end + 8), -1),
    contentBytes: told === NOT_TOLD ? undefined : Number(told),
  }
}

/** What one answer of a walk tells, and what the walk has failed with. */
export interface WalkAnswer {
  readonly events: readonly WalkEvent[]
  readonly failure: CaissonError | undefined
}

/**
 * Records of a `next`. Paths and content are views of the answer.
 * @throws MalformedFrame
 */
export function parseWalk(answer: Buffer): WalkAnswer {
  const events: WalkEvent[] = []
  let failure: CaissonError | undefined
  for (let at = 0; at < answer.length;) {
    const start = at + HEAD
    if (start > answer.length) throw new MalformedFrame('a record of a walk is cut off')
    const kind = answer.readUInt32LE(at)
    at = start + answer.readUInt32LE(at + 4)
    if (at > answer.length) throw new MalformedFrame('a record of a walk is cut off')
    const bytes = answer.subarray(start, at)
    if (kind === ENTRY) events.push(entryOf(bytes))
    else if (kind === CONTENT) events.push({ kind: 'content', bytes })
    else if (kind === FAILED && bytes.length >= 4)
      failure = fileError(bytes.readUInt32LE(0), 'walk', bytes.subarray(4))
    else throw new MalformedFrame(`a walk has no record ${kind}`)
  }
  return { events, failure }
}
