import { dirname } from 'node:path'

/** A batch of small files takes about that long: long enough to be worth a process, short enough to fill a gap. */
const BATCH_SECONDS = 8

/** `packages/core`, or `test/e2e`: what the files of a batch have in common. */
function roomOf(file) {
  const parts = dirname(file)
    .split('/')
    .filter((part) => part !== 'dist' && part !== 'dist-test')
  return parts.slice(0, 2).join('/')
}

function batchOf(files, secondsOf) {
  const [first] = files
  return {
    title: files.length === 1 ? first : `${roomOf(first)}, ${files.length} files`,
    files,
    seconds: files.reduce((sum, file) => sum + secondsOf(file), 0),
  }
}

function batchesOf(files, secondsOf) {
  const rooms = new Map()
  for (const file of files) {
    const room = roomOf(file)
    rooms.set(room, [...(rooms.get(room) ?? []), file])
  }
  return [...rooms.values()].flatMap((inRoom) => {
    const batches = []
    let open = []
    let seconds = 0
    const close = () => {
      if (open.length > 0) batches.push(batchOf(open, secondsOf))
      open = []
      seconds = 0
    }
    for (const file of inRoom) {
      if (secondsOf(file) >= BATCH_SECONDS) {
        batches.push(batchOf([file], secondsOf))
        continue
      }
      open.push(file)
      seconds += secondsOf(file)
      if (seconds >= BATCH_SECONDS) close()
    }
    close()
    return batches
  })
}

function longestFirst(batches) {
  return batches.toSorted((a, b) => b.seconds - a.seconds)
}

/**
 * Test files as batches, a process each, longest first. Those that `alone` names must have the machine to themselves: they
 * measure it, or count what is on it.
 */
export function planBatches(files, { alone, seconds }) {
  const secondsOf = (file) => seconds[file] ?? 0.5
  const apart = new Set(alone)
  return {
    together: longestFirst(
      batchesOf(
        files.filter((file) => !apart.has(file)),
        secondsOf,
      ),
    ),
    alone: files.filter((file) => apart.has(file)).map((file) => batchOf([file], secondsOf)),
  }
}
