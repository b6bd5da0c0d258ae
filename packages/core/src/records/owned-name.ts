import { randomBytes } from 'node:crypto'
import { isMarkAlive, markProcess, processStartTime, namespaceInode } from '../host/process-mark.js'

const form = /^\.(?:new|old)\.(\d+)\.(\d+)\.([0-9a-f-]*)\.(\d+)\.[0-9a-f]{12}$/
const claimForm = /^\d+\.(\d+)\.(\d+)\.(\d+)\.[0-9a-f]+$/

/** A name for a directory that is being made (`new`) or taken away (`old`) by this process: its owner is in it. */
export function ownedName(kind: 'new' | 'old'): string {
  const mark = markProcess(process.pid)
  const owner =
    mark === undefined
      ? `${process.pid}.0..0`
      : [mark.pid, mark.startTime, mark.bootId, mark.pidNamespace].join('.')
  return `.${kind}.${owner}.${randomBytes(6).toString('hex')}`
}

/** Whether a name of `ownedName` has lost its owner; false for every other name. */
export function isOrphaned(name: string): boolean {
  const [, pid, startTime = '', bootId = '', pidNamespace] = form.exec(name) ?? []
  if (pid === undefined) return false
  return !isMarkAlive({ pid: Number(pid), startTime, bootId, pidNamespace: Number(pidNamespace) })
}

/** The same for the claim of a block of ids, `<base>.<pid>.<start time>.<pid namespace>.<nonce>`. */
export function isOrphanedClaim(name: string): boolean {
  const [, pid, startTime, pidNamespace] = claimForm.exec(name) ?? []
  if (pid === undefined || Number(pidNamespace) !== (namespaceInode('pid') ?? 0)) return false
  return processStartTime(Number(pid)) !== startTime
}
