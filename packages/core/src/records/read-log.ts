import { closeSync, constants, openSync, readdirSync, readSync, watch } from 'node:fs'
import { join } from 'node:path'

const CHUNK_BYTES = 64 * 1024
/** Nothing tells of the end of a launcher that was killed. */
const LOOK_EVERY_MS = 500

/** A piece of a command's output. */
export interface LogChunk {
  /** Place of its first byte in the whole output; a jump means that what lay between is gone. */
  readonly offset: number
  readonly data: Uint8Array
}

/** What is read, and how far. */
export interface LogRequest {
  /** The directory of the logs. */
  readonly directory: string
  /** As the launcher cuts it. */
  readonly segmentBytes: number
  readonly stream: 'stdout' | 'stderr'
  readonly from: number
  /** Goes on until the command has ended. */
  readonly follow: boolean
  readonly signal: AbortSignal | undefined
  /** Whether whoever writes it lives. */
  readonly isAlive: () => boolean
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // removed meanwhile
  }
}

/** Offsets of the segments of the first command's stream, rising. */
function segments(names: readonly string[], suffix: string): { exec: number; starts: number[] } {
  const found = names
    .map((name) => /^(\d+)\.(out|err)\.(\d+)$/.exec(name))
    .filter((match) => match !== null)
  const exec = Math.min(...found.map((match) => Number(match[1])))
  const starts = found
    .filter((match) => Number(match[1]) === exec && match[2] === suffix)
    .map((match) => Number(match[3]))
  return { exec, starts: starts.toSorted((a, b) => a - b) }
}

/** Bytes at a place of a file; undefined when it is gone. */
function readAt(path: string, position: number): Uint8Array | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
  try {
    const data = Buffer.allocUnsafe(CHUNK_BYTES)
    return data.subarray(0, readSync(fd, data, 0, data.length, position))
  } finally {
    closeSync(fd)
  }
}

/** One look at the log of a container's first command. */
class LogCursor {
  readonly #request: LogRequest
  #at: number

  constructor(request: LogRequest) {
    this.#request = request
    this.#at = request.from
  }

  /** Whether the command had ended when it was asked. */
  ended(): boolean {
    const { directory, stream } = this.#request
    const names = namesIn(directory)
    const { exec } = segments(names, stream === 'stdout' ? 'out' : 'err')
    if (!names.includes(`${exec}.end`)) return false
    // made first, then filled: an empty one has not ended yet
    return (readAt(join(directory, `${exec}.end`), 0)?.length ?? 0) > 0
  }

  next(): LogChunk | undefined {
    const { directory, stream, segmentBytes } = this.#request
    const suffix = stream === 'stdout' ? 'out' : 'err'
    for (;;) {
      const { exec, starts } = segments(namesIn(directory), suffix)
      const at = this.#at
      const start = starts.find((s) => at < s + segmentBytes)
      if (start === undefined) return undefined
      const from = Math.max(at, start)
      const data = readAt(join(directory, `${exec}.${suffix}.${start}`), from - start)
      if (data === undefined) continue // rotated away: look again
      if (data.length > 0) {
        this.#at = from + data.length
        return { offset: from, data }
      }
      const later = starts.find((s) => s > start)
      if (later === undefined) return undefined
      this.#at = later
    }
  }
}

/** The output of a container's first command, by plain reads of files. */
export async function* readLog(request: LogRequest): AsyncGenerator<LogChunk> {
  const { directory, follow, signal, isAlive } = request
  const cursor = new LogCursor(request)
  const alarm = new Alarm()
  const ring = (): void => alarm.ring()
  const watcher = follow ? watchQuietly(directory, ring) : undefined
  const timer = follow ? setInterval(ring, LOOK_EVERY_MS) : undefined
  signal?.addEventListener('abort', ring)
  try {
    for (;;) {
      if (signal?.aborted) return
      // in this order: what comes between a look and the wait rings
      alarm.arm()
      const last = !follow || cursor.ended() || !isAlive()
      for (let chunk = cursor.next(); chunk !== undefined; chunk = cursor.next()) yield chunk
      if (last) return
      await alarm.rung
    }
  } finally {
    watcher?.close()
    clearInterval(timer)
    signal?.removeEventListener('abort', ring)
  }
}

/** Something to wait for that may happen before. */
class Alarm {
  rung: Promise<void> = Promise.resolve()
  ring: () => void = () => {}

  arm(): void {
    this.rung = new Promise((resolve) => {
      this.ring = resolve
    })
  }
}

/** Without inotify left, the interval has to do. */
function watchQuietly(directory: string, tell: () => void): { close(): void } | undefined {
  try {
    return watch(directory, tell).on('error', () => {})
  } catch {
    return undefined
  }
}
