import { readFileSync, readdirSync } from 'node:fs'

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // it ended meanwhile
    return ''
  }
}

/** Host pids of processes that live and have `marker` in their command line. */
export function processesWith(marker: string): readonly string[] {
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && commandLine(name).includes(marker),
  )
}
