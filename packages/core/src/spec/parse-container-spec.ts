import { createHash } from 'node:crypto'
import { invalidArgument } from '../errors/invalid-argument.js'
import { parseBytes } from '../values/parse-bytes.js'
import { parseDuration } from '../values/parse-duration.js'
import { parseInteger } from '../values/parse-number.js'
import { parseText } from '../values/parse-text.js'
import { checkFields, plainObject } from './check-fields.js'
import type { ContainerSpec, MountSpec } from './container-spec.js'
import { singleUser, type IsolationSpec } from './isolation-spec.js'
import { parseCapabilities } from './parse-capabilities.js'
import { defaultPath, parseEnv } from './parse-env.js'
import { parseFlag } from './parse-flag.js'
import { isolationFields, parseIsolation } from './parse-isolation.js'
import { parseLimits } from './parse-limits.js'
import { parseMounts } from './parse-mounts.js'
import { parseAbsolutePath } from './parse-path.js'
import { parseReadonlyPaths } from './parse-readonly-paths.js'
import { parseSeccomp } from './parse-seccomp.js'
import { parseSignal } from './parse-signal.js'
import type { ParsedLimits } from './parsed-limits.js'
import { parseGroups, parseUser } from './parse-user.js'
import { refuseTwoSizes } from './refuse-two-sizes.js'
import { strictLimits } from './strict-limits.js'

/** What an engine adds to every spec. */
export interface SpecContext {
  /** Root where the spec names none. */
  readonly from: string
  /** Limits that the engine's limiters declare. */
  readonly declaredLimits: ReadonlySet<string>
}

/** A parsed spec, and what concerns the call rather than the container. */
export interface ParsedSpec {
  /** Its host name is '' where the caller gave none: it comes from the id. */
  readonly container: ContainerSpec
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  readonly detached: boolean
  readonly maxLogBytes: number
}

/** Fields of a spec that say nothing about a single command. */
export const containerOnlyFields: ReadonlySet<string> = new Set(
  (
    'name labels from readonlyRoot readonlyPaths writable hostname mounts network capabilities seccomp ' +
    'allowNewPrivileges init'
  )
    .split(' ')
    .concat(isolationFields),
)

const fields: ReadonlySet<string> = new Set([
  ...containerOnlyFields,
  'cwd',
  'env',
  'user',
  'groups',
  'limits',
  'timeout',
  'signal',
  // not for one-shots: those end with their command, whose result somebody has to wait for
  'detached',
  'maxLog',
])

/** setTimeout takes no more: it would fire at once. */
export const maxTimeoutMs = 2 ** 31 - 1

const writableFields: ReadonlySet<string> = new Set(['on', 'size', 'inodes'])
// It is memory of the host. 256 MiB hold a compiler's output or a test suite's, and 8 containers still fit a small host.
const defaultUpperBytes = 256 * 1024 ** 2
const defaultLogBytes = 8 * 1024 ** 2
const none: readonly never[] = Object.freeze([])
const noLabels: Readonly<Record<string, string>> = Object.freeze({})
const noMounts: readonly MountSpec[] = none

function parseName(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const name = parseText(value, 'name')
  if (/^[A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,127}$/.test(name)) return name
  const why = 'must be at most 128 letters, digits and _ + . -, not starting with a dot'
  throw invalidArgument({ field: 'name', why })
}

function parseHostname(value: unknown): string {
  const name = parseText(value, 'hostname')
  if (/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/.test(name)) return name
  throw invalidArgument({
    field: 'hostname',
    why: 'must be at most 64 letters, digits, dots and hyphens, not starting or ending with one',
  })
}

function parseInit(value: unknown): 'reaper' | 'command' {
  if (value === undefined || value === 'reaper') return 'reaper'
  if (value === 'command') return value
  throw invalidArgument({ field: 'init', why: 'must be `reaper` or `command`' })
}

function parseLabels(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return noLabels
  const labels = Object.entries(plainObject(value, 'labels')).map(([name, text]) => {
    parseText(name, 'labels (a name)')
    return [name, parseText(text, `labels.${name}`, { empty: true })] as const
  })
  return Object.freeze(Object.fromEntries(labels))
}

/** One for every page: more files than that do not fit anyway, but for empty ones. */
export function defaultInodes(bytes: number): number {
  return Math.max(1024, Math.ceil(bytes / 4096))
}

type ParsedUpper = Pick<ContainerSpec, 'upperBytes' | 'upperInodes' | 'upperOn'>

function parseUpper(value: unknown): ParsedUpper {
  const given = value === undefined ? {} : checkFields(value, 'writable', writableFields)
  const { on = 'memory', size, inodes } = given
  if (on !== 'memory' && on !== 'disk')
    throw invalidArgument({ field: 'writable.on', why: 'must be `memory` or `disk`' })
  if (on === 'disk' && (size !== undefined || inodes !== undefined)) throw unlimited(size)
  const upperBytes = parseBytes(size ?? defaultUpperBytes, 'writable.size', { min: 65_536 })
  const files = inodes ?? defaultInodes(upperBytes)
  const upperInodes = parseInteger(files, 'writable.inodes', { min: 64, max: 2 ** 31 - 1 })
  return { upperBytes, upperInodes, ...(on === 'disk' ? { upperOn: on } : {}) }
}

function unlimited(size: unknown): TypeError {
  return invalidArgument({
    field: size === undefined ? 'writable.inodes' : 'writable.size',
    code: 'ERR_UNSUPPORTED',
    why: 'nothing limits what is written to a directory of the host',
    fix: "Leave it out, or use `on: 'memory'`.",
  })
}

/** A snapshot says itself what it is as a root. */
function parseFrom(value: unknown, byDefault: string): string {
  if (value === undefined) return byDefault
  const named = typeof value === 'object' && value !== null && 'from' in value ? value.from : value
  return parseText(named, 'from')
}

function parseNetwork(value: unknown): 'none' | 'host' {
  if (value === undefined || value === 'none') return 'none'
  if (value === 'host') return value
  throw invalidArgument({ field: 'network', why: 'must be `none` or `host`' })
}

/** What `profile: 'strict'` mounts unasked: with a root that takes no writes, programs need some place for them. */
const strictTmp: MountSpec = Object.freeze({
  kind: 'tmpfs',
  to: '/tmp',
  sizeBytes: 64 * 1024 ** 2,
  exec: false,
})

function mountsOf(value: unknown, { profile }: IsolationSpec): readonly MountSpec[] {
  const strict = profile === 'strict'
  const mounts = value === undefined ? noMounts : parseMounts(value, !strict)
  if (!strict || mounts.some(({ to }) => to === '/tmp')) return mounts
  return Object.freeze([...mounts, strictTmp])
}

function hash(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Stands for all of a spec that a container's steps depend on. */
export function keyOf(spec: Omit<ContainerSpec, 'key'>): string {
  const { seccomp } = spec
  const filter =
    typeof seccomp === 'string'
      ? seccomp
      : hash('bpf' in seccomp ? seccomp.bpf : JSON.stringify(seccomp))
  return JSON.stringify([
    spec.from,
    spec.readonlyRoot,
    spec.readonlyPaths ?? [],
    spec.hostname,
    spec.mounts,
    // whose files they are decides how these are mounted
    spec.mounts.some((mount) => mount.kind === 'bind' && mount.owner === 'source') && spec.user,
    spec.network,
    spec.capabilities ?? null,
    filter,
    spec.allowNewPrivileges,
    spec.isolation,
    spec.upperBytes,
    spec.upperInodes,
    spec.upperOn ?? 'memory',
  ])
}

function defaultSpec(
  from: string,
  limits: ParsedLimits,
  isolation: IsolationSpec,
): Omit<ContainerSpec, 'key'> {
  const strict = isolation.profile === 'strict'
  return {
    name: undefined,
    labels: noLabels,
    from,
    readonlyRoot: strict,
    hostname: strict ? 'sandbox' : '',
    init: 'reaper',
    cwd: '/',
    env: Object.freeze(strict ? { PATH: defaultPath, HOME: '/tmp' } : { PATH: defaultPath }),
    user: isolation.ids === 'single' || strict ? singleUser : '0',
    groups: none,
    mounts: noMounts,
    network: 'none',
    capabilities: undefined,
    seccomp: strict ? 'strict' : 'default',
    allowNewPrivileges: false,
    isolation,
    upperBytes: defaultUpperBytes,
    upperInodes: defaultUpperBytes / 4096,
    limits,
  }
}

/**
 * A spec: validated, completed, frozen.
 * @throws TypeError or RangeError ERR_INVALID_SPEC, ERR_MOUNT_TARGET, ERR_CAPABILITY_UNKNOWN, ERR_LIMIT_RANGE,
 * ERR_ARGV_TOO_LARGE; each names the field
 */
export function parseContainerSpec(value: unknown, context: SpecContext): ParsedSpec {
  const given = checkFields(value ?? {}, '', fields)
  return parseContainerFields(given, context)
}

/** As `parseContainerSpec`, for fields whose names are checked already; those of other kinds are left alone. */
export function parseContainerFields(
  given: Readonly<Record<string, unknown>>,
  context: SpecContext,
): ParsedSpec {
  const { from, cwd, env, user, groups, capabilities, timeout } = given
  const upper = parseUpper(given['writable'])
  const isolation = parseIsolation(given)
  const limits = parseLimits(limitsOf(given, context), 'limits', context.declaredLimits)
  refuseTwoSizes(given['writable'], limits)
  const base = defaultSpec(parseFrom(from, context.from), limits, isolation)
  const mounts = mountsOf(given['mounts'], isolation)
  const readonlyPaths = parseReadonlyPaths(given['readonlyPaths'], mounts)
  const spec = {
    ...base,
    name: parseName(given['name']),
    labels: parseLabels(given['labels']),
    readonlyRoot: parseFlag(given['readonlyRoot'], 'readonlyRoot', base.readonlyRoot),
    hostname: given['hostname'] === undefined ? base.hostname : parseHostname(given['hostname']),
    init: parseInit(given['init']),
    cwd: cwd === undefined ? base.cwd : parseAbsolutePath(cwd, 'cwd'),
    env: env === undefined ? base.env : withoutGaps(base.env, parseEnv(env, false)),
    user: user === undefined ? base.user : parseUser(user, 'user'),
    groups: groups === undefined ? base.groups : parseGroups(groups, 'groups'),
    mounts,
    network: parseNetwork(given['network']),
    capabilities: capabilities === undefined ? undefined : parseCapabilities(capabilities),
    seccomp: given['seccomp'] === undefined ? base.seccomp : parseSeccomp(given['seccomp']),
    allowNewPrivileges: parseFlag(given['allowNewPrivileges'], 'allowNewPrivileges', false),
    ...upper,
    ...(readonlyPaths === undefined ? {} : { readonlyPaths }),
  }
  return Object.freeze({
    container: Object.freeze({ key: keyOf(spec), ...spec }),
    timeoutMs: timeout === undefined ? undefined : parseTimeout(timeout),
    signal: parseSignal(given['signal']),
    detached: parseFlag(given['detached'], 'detached', false),
    maxLogBytes: parseBytes(given['maxLog'] ?? defaultLogBytes, 'maxLog', { min: 4096 }),
  })
}

/** The limits that a spec asks for: the caller's, and its profile's. */
export function limitsOf(
  given: Readonly<Record<string, unknown>>,
  { declaredLimits }: Pick<SpecContext, 'declaredLimits'>,
): unknown {
  const { limits, profile } = given
  return profile === 'strict' ? strictLimits(limits, declaredLimits) : limits
}

/** @throws TypeError or RangeError ERR_INVALID_SPEC */
export function parseTimeout(value: unknown, field = 'timeout'): number {
  return parseDuration(value, field, { min: 1, max: maxTimeoutMs })
}

function withoutGaps(
  base: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = { ...base }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) env[name] = value
  }
  return Object.freeze(env)
}
