import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { IdRange } from './sub-ids.js'
import { parseIdDatabase, parseSubIds, readOptional } from './sub-ids.js'
import { namespaceInode, processStartTime } from '@caisson/core'

/** Ids of one block: what a container's user namespace maps. */
export const BLOCK_IDS = 0x10000
/** Blocks lie in the range that systemd too sets aside for containers; 0x7fff0000 and beyond is left to others. */
const FIRST_BASE = 0x80000
const LAST_BASE = 0x6fff0000
const BLOCKS = (LAST_BASE - FIRST_BASE) / BLOCK_IDS + 1
/** Neighbours tried one after another; each is taken only when thousands of engines run. */
const ATTEMPTS = 4096

/** 65,536 ids that no other engine on this machine uses. */
export interface IdBlock {
  /** First host id; a multiple of 65,536. */
  readonly base: number
  /** Gives the block back. Idempotent. */
  release(): void
  /** Makes it another process's: that one's end, not this one's, gives it back. */
  handOver(pid: number): void
}

/** Ranges of ids that accounts and other tools of this host use. */
function idsInUse(): readonly IdRange[] {
  const ranges: IdRange[] = []
  for (const path of ['/etc/subuid', '/etc/subgid']) ranges.push(...parseSubIds(readOptional(path)))
  for (const path of ['/etc/passwd', '/etc/group']) {
    for (const start of parseIdDatabase(readOptional(path)).values())
      ranges.push({ start, count: 1 })
  }
  return ranges
}

/** Bases to try in order, from a place that the seed decides. */
export function* candidateBases(seed: string, used: readonly IdRange[]): Generator<number> {
  const first = createHash('sha256').update(seed).digest().readUInt32LE(0) % BLOCKS
  for (let i = 0; i < ATTEMPTS; i++) {
    const base = FIRST_BASE + ((first + i) % BLOCKS) * BLOCK_IDS
    const taken = used.some((r) => r.start < base + BLOCK_IDS && base < r.start + r.count)
    if (!taken) yield base
  }
}

/**
 * A claim is an empty file named `<base>.<pid>.<start time>.<pid namespace>.<nonce>`: its name says everything, so it
 * comes into being complete and names one owner for ever. Whoever claims first writes its name and then looks who else
 * did: of two that race, the later one sees both and withdraws. A dead owner's file can be removed by anybody at any
 * time, since no living process ever gets its name back.
 */
interface Claim {
  readonly file: string
  readonly base: number
  readonly pid: number
  readonly startTime: string
  readonly pidNamespace: number
}

function parseClaim(file: string): Claim | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.[0-9a-f]+$/.exec(file)
  if (!match) return undefined
  const [, base, pid, startTime = '', pidNamespace] = match
  return {
    file,
    base: Number(base),
    pid: Number(pid),
    startTime,
    pidNamespace: Number(pidNamespace),
  }
}

/** Owners in another pid namespace cannot be seen from here and count as alive. */
function isAlive(claim: Claim): boolean {
  if (claim.pidNamespace !== (namespaceInode('pid') ?? 0)) return true
  return processStartTime(claim.pid) === claim.startTime
}

function claimName(base: number, pid: number): string {
  const owner = [pid, processStartTime(pid) ?? '0', namespaceInode('pid') ?? 0].join('.')
  return `${base}.${owner}.${randomBytes(6).toString('hex')}`
}

function othersOn(directory: string, base: number, mine: string): boolean {
  let others = false
  for (const file of readdirSync(directory)) {
    const claim = file === mine ? undefined : parseClaim(file)
    if (!claim) continue
    if (!isAlive(claim)) rmSync(join(directory, file), { force: true })
    else if (claim.base === base) others = true
  }
  return others
}

/**
 * Claims a block for this process; the claim ends with `release` or with the process.
 * @param stateDir directory shared by the engines of this machine; made when missing, mode 0700
 * @param bases candidates in order, by default from a random place
 * @throws Error of the file system, or when no candidate is free
 */
export function claimIdBlock(
  stateDir: string,
  bases: Iterable<number> = candidateBases(randomBytes(16).toString('hex'), idsInUse()),
): IdBlock {
  const directory = join(stateDir, 'ids')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const base of bases) {
    const file = claimName(base, process.pid)
    const path = join(directory, file)
    closeSync(openSync(path, 'wx', 0o600))
    const release = (): void => rmSync(path, { force: true })
    if (!othersOn(directory, base, file)) {
      const handOver = (pid: number): void => {
        // the new claim before the old one goes: at no time is the block free
        closeSync(openSync(join(directory, claimName(base, pid)), 'wx', 0o600))
        release()
      }
      return { base, release, handOver }
    }
    release()
  }
  throw new Error(`no block of ${BLOCK_IDS} ids is free in ${directory}`)
}
