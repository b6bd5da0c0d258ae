import { readFileSync } from 'node:fs'

/** Host pids of the children of a process; none when it is gone. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function isLauncher(pid: number): boolean {
  try {
    // it runs from a sealed copy, by this name; instrumented, from its file
    return /^caisson(-launche.*)?\n$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))
  } catch {
    return false // another child, gone meanwhile
  }
}

/**
 * The launcher of a process with one engine.
 * @throws Error when there is none
 */
export function launcherOf(pid: number): number {
  const launcher = childrenOf(pid).findLast(isLauncher)
  if (launcher === undefined) throw new Error('no launcher runs')
  return launcher
}

/** Resident memory of a process. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}
