import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name))
  } catch {
    return [] // gone meanwhile
  }
}

/** Where control groups are mounted. */
function mounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
}

/**
 * Control groups on this host that hold containers of a process: those below a directory whose name has
 * `caisson-<pid>-` in it.
 */
export function groupsOf(pid: number): readonly string[] {
  const found: string[] = []
  const visit = (path: string, ours: boolean): void => {
    for (const child of directories(path)) {
      if (ours) found.push(child)
      visit(child, ours || child.includes(`/caisson-${pid}-`))
    }
  }
  for (const mount of mounts()) visit(mount, false)
  return found
}
