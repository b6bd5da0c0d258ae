import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

function read(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function programOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}

/** Host pids of processes with the marker in their program's path, arguments or environment, this one aside. */
export function processesWith(marker) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      [programOf(pid), read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)].some((text) =>
        text.includes(marker),
      ),
    )
    .map(Number)
}

const isSealed = (pid) => programOf(pid).startsWith('/memfd:caisson')

/** Whether an engine that lives holds it: the first of its ancestors that is none of ours is a Node. */
function isHeld(pid) {
  let ancestor = pid
  do ancestor = read(`/proc/${ancestor}/stat`).split(') ').at(-1).split(' ')[1] ?? '0'
  while (isSealed(ancestor))
  return basename(programOf(ancestor)) === 'node'
}

/** Launchers and first processes that no engine holds, which run from a sealed copy without a path; as `pid identity`. */
export function orphanedProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isSealed(name) && !isHeld(name))
    .map((pid) => `${pid} ${identityOf(pid)}`)
}

/** Whether the engine that a group is named after, `caisson-<pid>-<identity>-`, lives in another process. */
function isOfTheLiving(path) {
  const [, pid, identity] = /\/caisson-(\d+)-(\d+)-/.exec(path) ?? []
  return pid !== undefined && Number(pid) !== process.pid && identityOf(pid) === identity
}

/** What a process is, so that another one with its number is not taken for it. */
export function identityOf(pid) {
  return read(`/proc/${pid}/stat`).split(') ').at(-1).split(' ')[19]
}

/** A process, its children, theirs, and so on, with their identities. */
export function treeOf(pid) {
  const pids = [pid]
  for (const next of pids) {
    const children = read(`/proc/${next}/task/${next}/children`).trim().split(' ')
    pids.push(...children.filter(Boolean).map(Number))
  }
  return pids.map((each) => ({ pid: each, identity: identityOf(each) }))
}

/** Those of a tree that live; what is dead and was not fetched by its parent yet does not. */
export function alive(tree) {
  return tree.filter(({ pid, identity }) => {
    const state = read(`/proc/${pid}/stat`).split(') ').at(-1).charAt(0)
    return identity !== undefined && identityOf(pid) === identity && !'ZX'.includes(state)
  })
}

function foldersIn(path, deep) {
  let entries = []
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch {
    return []
  }
  return entries.flatMap((entry) => {
    const inside = join(path, entry.name)
    if (entry.isDirectory()) return [`${inside}/`, ...foldersIn(inside, deep)]
    return deep ? [inside] : []
  })
}

/** What came and what went, a line each. */
export function differences(before, after) {
  return Object.keys(before).flatMap((key) => [
    ...after[key].filter((line) => !before[key].includes(line)).map((line) => `${key}: + ${line}`),
    ...before[key].filter((line) => !after[key].includes(line)).map((line) => `${key}: - ${line}`),
  ])
}

/** What must be the same before and after, as far as this process can see. */
export function takeStock(stateDir) {
  return {
    mounts: read('/proc/self/mountinfo').split('\n'),
    // those that are ours by name: other people's come and go
    cgroups: foldersIn('/sys/fs/cgroup', false).filter(
      (path) =>
        path.includes('/caisson') && !path.includes('/caisson-test-') && !isOfTheLiving(path),
    ),
    state: foldersIn(stateDir, true),
    descriptors: [String(readdirSync('/proc/self/fd').length)],
  }
}
