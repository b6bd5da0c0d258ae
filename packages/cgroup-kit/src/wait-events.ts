import { watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** Between two looks where nobody tells of a change: v1, and hosts that are out of inotify watches. */
const PAUSE_MS = 2
/** A change that is told of may come before the watch stands. */
const LOOK_AGAIN_MS = 50

function watchFile(path: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: true }, changed)
    // its directory was removed, or the queue ran over: the timer still looks
    watcher.on('error', () => {})
    return watcher
  } catch {
    return undefined
  }
}

/**
 * Waits until `done` says so: looked at now, at each change of a `cgroup.events`, and from time to time.
 * @param directory of a cgroup2 group, whose changes the kernel tells of; undefined: look again and again
 * @returns whether it was so within `timeoutMs`
 */
export async function waitForGroup(
  directory: string | undefined,
  done: () => boolean,
  timeoutMs: number,
): Promise<boolean> {
  if (done()) return true
  const until = performance.now() + timeoutMs
  return new Promise((resolve, reject) => {
    let watcher: FSWatcher | undefined
    let timer: NodeJS.Timeout | undefined
    const settle = (act: () => void): void => {
      clearInterval(timer)
      watcher?.close()
      act()
    }
    const look = (): void => {
      try {
        if (done()) settle(() => resolve(true))
        else if (performance.now() >= until) settle(() => resolve(false))
      } catch (error) {
        settle(() => reject(error instanceof Error ? error : new Error(String(error))))
      }
    }
    if (directory !== undefined) watcher = watchFile(join(directory, 'cgroup.events'), look)
    timer = setInterval(look, watcher === undefined ? PAUSE_MS : LOOK_AGAIN_MS)
    look()
  })
}
