import { parseBytes, parseDuration, parseInteger } from '@caisson/core'

/** The limits this driver enforces. */
export const RLIMIT_KEYS = [
  'cpuTime',
  'openFiles',
  'fileSize',
  'stack',
  'processes',
  'core',
  'addressSpace',
] as const

export type RlimitKey = (typeof RLIMIT_KEYS)[number]

/** Soft and hard value of one resource. */
export interface RlimitPair {
  readonly soft: bigint
  readonly hard: bigint
}

/** How one limit becomes a kernel resource. */
export interface RlimitInfo {
  /** RLIMIT_* of asm-generic/resource.h: x86, arm, riscv, powerpc and s390 agree on it for these. */
  readonly resource: number
  /** Its line in /proc/PID/limits. */
  readonly hostName: string
  /** What is counted and how finely, for `probe()`. */
  readonly resolution: string
  /** @throws RangeError or TypeError ERR_LIMIT_RANGE, naming the field */
  parse(value: unknown, field: string): RlimitPair
}

const code = 'ERR_LIMIT_RANGE'

function same(value: number): RlimitPair {
  const limit = BigInt(value)
  return { soft: limit, hard: limit }
}

const bytes = (min: number) => (value: unknown, field: string) =>
  same(parseBytes(value, field, { min, code }))

const count = (min: number, max: number) => (value: unknown, field: string) =>
  same(parseInteger(value, field, { min, max, code }))

/** SIGXCPU at the soft limit; a program that catches it has one second more, then SIGKILL comes. */
function parseCpuTime(value: unknown, field: string): RlimitPair {
  const seconds = Math.ceil(parseDuration(value, field, { min: 1, code }) / 1000)
  return { soft: BigInt(seconds), hard: BigInt(seconds + 1) }
}

/** Below the 128 KiB that argv may always take, exec succeeds and kills the process. */
const MIN_STACK = 128 * 1024
/** No program fits into less. */
const MIN_ADDRESS_SPACE = 1024 * 1024
/** PID_MAX_LIMIT of 64-bit kernels. */
const MAX_PROCESSES = 4_194_304
/** The greatest value that fs.nr_open can have. */
const MAX_OPEN_FILES = 2 ** 31 - 1

export const RLIMITS: Readonly<Record<RlimitKey, RlimitInfo>> = {
  cpuTime: {
    resource: 0,
    hostName: 'Max cpu time',
    resolution: 'each process; whole seconds, rounded up',
    parse: parseCpuTime,
  },
  openFiles: {
    resource: 7,
    hostName: 'Max open files',
    resolution: 'each process; one descriptor',
    parse: count(1, MAX_OPEN_FILES),
  },
  fileSize: {
    resource: 1,
    hostName: 'Max file size',
    resolution: 'each file written; one byte',
    parse: bytes(0),
  },
  stack: {
    resource: 3,
    hostName: 'Max stack size',
    resolution: 'main thread of each process; one page',
    parse: bytes(MIN_STACK),
  },
  processes: {
    resource: 6,
    hostName: 'Max processes',
    resolution:
      'processes and threads of one user id; uid 0 counts the first process of the container',
    parse: count(1, MAX_PROCESSES),
  },
  core: {
    resource: 4,
    hostName: 'Max core file size',
    resolution: 'each core file; one byte',
    parse: bytes(0),
  },
  addressSpace: {
    resource: 9,
    hostName: 'Max address space',
    resolution: 'each process; one page; no memory limit',
    parse: bytes(MIN_ADDRESS_SPACE),
  },
}
