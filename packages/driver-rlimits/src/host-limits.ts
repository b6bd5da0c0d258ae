import { readFileSync } from 'node:fs'
import { RLIMIT_KEYS, RLIMITS, type RlimitKey } from './rlimit-table.js'

/** What this process, and so what it starts, may set. */
export interface HostLimits {
  /** Greatest hard value of each limit; absent: unlimited. */
  readonly hard: ReadonlyMap<RlimitKey, bigint>
  /** Whether hard limits may be raised: CAP_SYS_RESOURCE in the initial user namespace. */
  readonly mayRaise: boolean
  /** fs.nr_open: no privilege goes beyond it. */
  readonly maxOpenFiles: bigint
}

/** Texts of the files in /proc that say so. */
export interface HostLimitFiles {
  /** /proc/self/limits */
  readonly limits: string
  /** /proc/self/status */
  readonly status: string
  /** /proc/self/uid_map */
  readonly uidMap: string
  /** /proc/sys/fs/nr_open */
  readonly nrOpen: string
}

const CAP_SYS_RESOURCE = 24n

function hardOf(limits: string, name: string): bigint | undefined {
  const line = limits.split('\n').find((text) => text.startsWith(`${name} `))
  const hard = line?.slice(name.length).trim().split(/\s+/)[1]
  return hard === undefined || hard === 'unlimited' ? undefined : BigInt(hard)
}

function mayRaise(files: HostLimitFiles): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(files.status)?.[1] ?? '0'
  const capable = ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n
  // The kernel asks for the capability in the initial namespace, whatever a nested one grants.
  return capable && files.uidMap.trim().split(/\s+/).join(' ') === '0 0 4294967295'
}

/** Reads them. */
export function parseHostLimits(files: HostLimitFiles): HostLimits {
  const hard = new Map<RlimitKey, bigint>()
  for (const key of RLIMIT_KEYS) {
    const limit = hardOf(files.limits, RLIMITS[key].hostName)
    if (limit !== undefined) hard.set(key, limit)
  }
  return {
    hard,
    mayRaise: mayRaise(files),
    maxOpenFiles: BigInt(files.nrOpen.trim()),
  }
}

/** Those of this process, now. */
export function readHostLimits(): HostLimits {
  return parseHostLimits({
    limits: readFileSync('/proc/self/limits', 'latin1'),
    status: readFileSync('/proc/self/status', 'latin1'),
    uidMap: readFileSync('/proc/self/uid_map', 'latin1'),
    nrOpen: readFileSync('/proc/sys/fs/nr_open', 'latin1'),
  })
}
