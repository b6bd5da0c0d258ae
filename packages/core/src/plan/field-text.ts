import { capabilityNames } from '../spec/capability-names.js'
import type { StepName } from './steps.generated.js'

/** How a field is told to people. */
type Teller = (value: unknown) => string

function bits(names: Readonly<Record<string, number>>, none: string): Teller {
  return (value) => {
    let left = Number(value)
    const found: string[] = []
    for (const [name, bit] of Object.entries(names)) {
      if ((left & bit) !== bit) continue
      found.push(name)
      left &= ~bit
    }
    if (left !== 0) found.push(`0x${(left >>> 0).toString(16)}`)
    return found.length === 0 ? none : found.join(',')
  }
}

const mountAttrs = bits(
  {
    ro: 0x1,
    nosuid: 0x2,
    nodev: 0x4,
    noexec: 0x8,
    noatime: 0x10,
    strictatime: 0x20,
    nodiratime: 0x80,
    idmap: 0x100000,
    nosymfollow: 0x200000,
  },
  'none',
)

const cloneFlags = bits(
  {
    time: 0x80,
    mount: 0x20000,
    cgroup: 0x2000000,
    uts: 0x4000000,
    ipc: 0x8000000,
    user: 0x10000000,
    pid: 0x20000000,
    network: 0x40000000,
  },
  'mount only',
)

const rlimitNames =
  'CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME'.split(
    ' ',
  )

function oneOf(...names: string[]): Teller {
  return (value) => names[Number(value)] ?? String(value)
}

function capabilities(value: unknown): string {
  if (typeof value !== 'bigint') return String(value)
  const names = capabilityNames.filter((_, bit) => ((value >> BigInt(bit)) & 1n) === 1n)
  if (names.length === capabilityNames.length) return 'all'
  return names.length === 0 ? 'none' : names.join(',')
}

const rightNames =
  'execute write-file read-file read-dir remove-dir remove-file make-char make-dir make-reg make-sock make-fifo make-block make-sym refer truncate ioctl-dev'.split(
    ' ',
  )

/** LANDLOCK_ACCESS_FS_*. */
function fileRights(value: unknown): string {
  if (typeof value !== 'bigint') return String(value)
  const names = rightNames.filter((_, bit) => ((value >> BigInt(bit)) & 1n) === 1n)
  return names.length === rightNames.length ? 'all' : names.join(',')
}

function limit(value: unknown): string {
  return value === 0xffff_ffff_ffff_ffffn ? 'unlimited' : String(value)
}

function octal(value: unknown): string {
  return `0${Number(value).toString(8)}`
}

const yesNo = oneOf('no', 'yes')

const tellers: Readonly<Record<string, Teller>> = {
  'namespaces.flags': cloneFlags,
  'namespaces.network': oneOf("the host's", 'empty, from the pool', 'fresh'),
  'namespaces.user': oneOf(
    'none',
    'from the pool',
    'fresh',
    'of a single id, from the pool',
    'of a single id, fresh',
  ),
  'bind.recursive': yesNo,
  'bind.idmap': yesNo,
  'ownedBind.recursive': yesNo,
  'landlock.handled': fileRights,
  'landlock.read': fileRights,
  'landlock.write': fileRights,
  'landlock.scoped': (value) => (value === 0n ? 'nothing' : 'abstract sockets'),
  'user.setgroups': yesNo,
  'rlimit.resource': oneOf(...rlimitNames),
  'rlimit.soft': limit,
  'rlimit.hard': limit,
  'umask.mask': octal,
  'bounding.keep': capabilities,
  'capabilities.effective': capabilities,
  'capabilities.permitted': capabilities,
  'capabilities.inheritable': capabilities,
  'capabilities.ambient': capabilities,
  'seccomp.program': (value) =>
    value instanceof Uint8Array ? `${value.length / 8} instructions` : String(value),
  // the environment may hold secrets: its names are enough
  'exec.env': (value) =>
    Array.isArray(value) ? value.map((entry) => String(entry).split('=')[0]).join(' ') : '',
}

function generic(field: string, value: unknown): string {
  if (field === 'attrs') return mountAttrs(value)
  if (field === 'mode') return octal(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(quote).join(' ')
  return typeof value === 'string' ? quote(value) : String(value)
}

function quote(value: unknown): string {
  const text = String(value)
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text)
}

/** A field's value for people: names instead of bits, sizes instead of content, names of variables instead of values. */
export function fieldText(step: StepName, field: string, value: unknown): string {
  const teller = tellers[`${step}.${field}`]
  return teller === undefined ? generic(field, value) : teller(value)
}
