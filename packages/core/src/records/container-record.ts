import type { DetachedHolder } from '../contracts/detach.js'
import type { Amendment } from '../contracts/resource-limiter.js'
import type { RootLease } from '../contracts/root-lease.js'
import { decodeSteps } from '../plan/decode.js'
import { encodeSteps } from '../plan/encode.js'
import { stepTable, type ProcessStep, type Step } from '../plan/steps.generated.js'
import type { ContainerSpec, SeccompSpec } from '../spec/container-spec.js'
import type { LimitKey } from '../spec/limits.js'

/** All that another process needs to use a detached container. */
export interface ContainerRecord {
  readonly id: string
  readonly createdMs: number
  /** Name of the isolation driver that made it. */
  readonly isolation: string
  readonly timeoutMs: number | undefined
  readonly maxLogBytes: number
  readonly spec: ContainerSpec
  readonly root: Omit<RootLease, 'release'>
  /** What limits add to each of its commands. */
  readonly amendment: Amendment
  readonly enforced: readonly LimitKey[]
  readonly degraded: readonly string[]
  readonly holder: DetachedHolder
}

const VERSION = 1

/** The record as text. */
export function formatRecord(record: ContainerRecord): string {
  const { seccomp } = record.spec
  const isProgram = typeof seccomp === 'object' && 'bpf' in seccomp
  const filter = isProgram ? { bpf: Buffer.from(seccomp.bpf).toString('base64') } : seccomp
  const steps = encodeSteps(record.amendment.process ?? [], 'process')
  return JSON.stringify(
    {
      version: VERSION,
      ...record,
      spec: { ...record.spec, seccomp: filter },
      amendment: Buffer.from(steps).toString('base64'),
    },
    undefined,
    1,
  )
}

type Shape = { readonly [field: string]: Shape | 'string' | 'number' | 'boolean' | 'array' }

const holderShape: Shape = {
  owner: { pid: 'number', startTime: 'string', bootId: 'string', pidNamespace: 'number' },
  identity: {
    mode: 'string',
    rootUid: 'number',
    rootGid: 'number',
    idCount: 'number',
    setgroups: 'boolean',
    degraded: 'array',
  },
  pid: 'number',
}

const recordShape: Shape = {
  version: 'number',
  id: 'string',
  createdMs: 'number',
  isolation: 'string',
  maxLogBytes: 'number',
  spec: {
    key: 'string',
    from: 'string',
    hostname: 'string',
    cwd: 'string',
    user: 'string',
    labels: {},
    env: {},
    groups: 'array',
    mounts: 'array',
    isolation: {
      profile: 'string',
      procfs: 'string',
      sysfs: 'string',
      devices: 'string',
      ids: 'string',
      unmask: 'array',
      sysctls: {},
      oomScore: 'number',
      allowDegraded: 'array',
    },
    limits: {},
  },
  root: { key: 'string', parts: 'array', extras: 'array', masked: 'array', copyOnWrite: 'boolean' },
  amendment: 'string',
  enforced: 'array',
  degraded: 'array',
  holder: holderShape,
}

function fits(value: unknown, shape: Shape[string]): boolean {
  if (shape === 'array') return Array.isArray(value)
  if (typeof shape === 'string') return typeof value === shape
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([field, part]) => fits(Reflect.get(value, field), part))
}

/** What `formatRecord` writes: the bytes in it as text. */
interface StoredRecord extends Omit<ContainerRecord, 'amendment' | 'spec'> {
  readonly version: number
  readonly amendment: string
  readonly spec: Omit<ContainerSpec, 'seccomp'> & {
    readonly seccomp: Exclude<SeccompSpec, { readonly bpf: Uint8Array }> | { readonly bpf: string }
  }
}

function isStored(value: unknown): value is StoredRecord {
  return fits(value, recordShape)
}

function isProcessStep(step: Step): step is ProcessStep {
  return stepTable[step.op].contexts.includes('process')
}

function stepsOf(text: string): readonly ProcessStep[] {
  return decodeSteps(Buffer.from(text, 'base64'), 'process').filter(isProcessStep)
}

/**
 * Reads what `formatRecord` wrote.
 * @throws Error saying what is wrong with it
 */
export function parseRecord(text: string, id: string): ContainerRecord {
  const value: unknown = JSON.parse(text)
  if (!isStored(value)) throw new Error('a field is missing or of another type')
  if (value.version !== VERSION) throw new Error(`it is of version ${value.version}`)
  if (value.id !== id) throw new Error('it is of another container')
  const { version: _version, ...record } = value
  const { seccomp, name } = record.spec
  return {
    ...record,
    timeoutMs: record.timeoutMs,
    amendment: { process: stepsOf(value.amendment) },
    spec: Object.freeze({
      ...record.spec,
      name,
      capabilities: record.spec.capabilities,
      // JSON has no undefined
      isolation: Object.freeze({
        ...record.spec.isolation,
        landlock: record.spec.isolation.landlock,
      }),
      seccomp:
        typeof seccomp === 'object' && 'bpf' in seccomp
          ? { bpf: Buffer.from(seccomp.bpf, 'base64') }
          : seccomp,
    }),
  }
}
