import { readdirSync, readlinkSync } from 'node:fs'

/** The pid namespace of a process of the host, undefined when it is gone or not ours to look at. */
export function pidNamespace(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}

/** How many processes of the host live in a pid namespace. */
export function countProcesses(namespace: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => pidNamespace(pid) === namespace).length
}
