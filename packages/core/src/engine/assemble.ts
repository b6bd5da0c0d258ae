import { supportsOf } from '../container/judge-limit.js'
import { LimitRouter, type LimiterEntry } from '../container/limit-router.js'
import { RootRouter } from '../container/root-router.js'
import { copyOnWriteKinds } from '../contracts/copy-on-write.js'
import type { Driver, DriverKind } from '../contracts/driver.js'
import type { IsolationDriver } from '../contracts/isolation-driver.js'
import { silentLogger } from '../contracts/logger.js'
import type { RootfsProvider } from '../contracts/rootfs-provider.js'
import { SNAPSHOTS, type SnapshotStore } from '../contracts/snapshot-store.js'
import { DATA_DIR, LOGGER, STATE_DIR } from '../contracts/tokens.js'
import { Scope } from '../di/scope.js'
import { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { checkFields, plainObject } from '../spec/check-fields.js'
import { parseContainerSpec } from '../spec/parse-container-spec.js'
import { parseAbsolutePath } from '../spec/parse-path.js'
import { parseLimits } from '../spec/parse-limits.js'
import { describeType } from '../values/describe-type.js'
import { parseText } from '../values/parse-text.js'
import { ownPlaces, type OwnPlace } from '../host/own-places.js'
import { defaultStateDir } from '../host/state-dir.js'
import { CopyOnWrite, type CopyOnWriteOption } from './copy-on-write.js'
import type { EngineOptions } from './engine-options.js'

/** An engine's parts, made and connected. */
export interface EngineParts {
  readonly scope: Scope
  readonly drivers: readonly Driver[]
  readonly isolation: IsolationDriver
  readonly roots: RootRouter
  readonly schemes: ReadonlySet<string>
  readonly limits: LimitRouter
  /** Undefined: nothing can be kept. */
  readonly snapshots: SnapshotStore | undefined
  readonly writes: CopyOnWrite
  readonly from: string
  /** What no container is shown. */
  readonly ownPlaces: readonly OwnPlace[]
}

const optionFields: ReadonlySet<string> = new Set(
  'rootfs isolation limiters scope stateDir defaults onUnsupported account copyOnWrite'.split(' '),
)
const defaultFields: ReadonlySet<string> = new Set(['from', 'limits'])

function checkDriver(value: unknown, kind: DriverKind, field: string): void {
  const driver = typeof value === 'object' && value !== null ? { ...value } : undefined
  const found = driver === undefined ? undefined : Reflect.get(driver, 'kind')
  if (
    driver !== undefined &&
    found === kind &&
    typeof Reflect.get(driver, 'create') === 'function'
  ) {
    if (Reflect.get(driver, 'apiVersion') === 1) return
  }
  const why =
    found === undefined
      ? `must be a driver made by defineDriver(), not ${describeType(value)}`
      : `must be a driver of kind ${kind} and apiVersion 1, not ${String(found)}`
  throw new CaissonError({ code: 'ERR_DRIVER', what: 'createEngine', subject: field, field, why })
}

function checkDrivers<K extends DriverKind>(
  drivers: readonly Driver<K>[],
  kind: K,
  field: string,
): readonly Driver<K>[] {
  for (const [index, driver] of drivers.entries()) checkDriver(driver, kind, `${field}[${index}]`)
  return drivers
}

function makeScope(options: EngineOptions): Scope {
  const scope = (options.scope ?? Scope.root()).child()
  if (!scope.has(LOGGER)) scope.value(LOGGER, silentLogger)
  if (options.stateDir !== undefined) {
    scope.value(STATE_DIR, parseAbsolutePath(options.stateDir, 'stateDir'))
  } else if (!scope.has(STATE_DIR)) scope.value(STATE_DIR, defaultStateDir())
  return scope
}

function ownPlacesOf(scope: Scope): readonly OwnPlace[] {
  const dataDir = scope.has(DATA_DIR) ? scope.get(DATA_DIR) : undefined
  return ownPlaces({ stateDir: scope.get(STATE_DIR), dataDir })
}

function bySchemes(
  drivers: readonly Driver<'rootfs'>[],
  scope: Scope,
): Map<string, RootfsProvider> {
  const providers = new Map<string, RootfsProvider>()
  for (const driver of drivers) {
    const provider = driver.create(scope)
    for (const scheme of driver.schemes) {
      if (providers.has(scheme)) {
        const why = `another rootfs driver answers to ${scheme}: already`
        throw new CaissonError({
          code: 'ERR_DRIVER',
          what: 'createEngine',
          subject: driver.name,
          driver: driver.name,
          why,
        })
      }
      providers.set(scheme, provider)
    }
  }
  return providers
}

/**
 * Makes and connects an engine's parts.
 * @throws CaissonError ERR_DRIVER, ERR_DI, ERR_INVALID_SPEC, ERR_LIMIT_RANGE
 */
export function assemble(options: EngineOptions, warn: (error: unknown) => void): EngineParts {
  checkFields(options, '', optionFields)
  const { rootfs, isolation, limiters = [], defaults = {} } = options
  checkFields(plainObject(defaults, 'defaults'), 'defaults', defaultFields)
  const onUnsupported = oneOf(options.onUnsupported, 'onUnsupported', ['throw', 'warn'])
  const copyOnWrite = oneOf(options.copyOnWrite, 'copyOnWrite', ['auto', ...copyOnWriteKinds])
  const account = oneOf(options.account, 'account', ['always', 'limited'])
  const rootDrivers = checkDrivers(isList(rootfs) ? rootfs : [rootfs], 'rootfs', 'rootfs')
  checkDriver(isolation, 'isolation', 'isolation')
  checkDrivers(limiters, 'limiter', 'limiters')
  const scheme = rootDrivers[0]?.schemes[0]
  if (scheme === undefined) {
    throw invalidArgument({
      field: 'rootfs',
      why: 'must be at least one driver',
      code: 'ERR_DRIVER',
    })
  }
  const scope = makeScope(options)
  const providers = bySchemes(rootDrivers, scope)
  // before the limiters: what it brings along, such as the launcher, is there for them too
  const made = isolation.create(scope)
  const entries = limiters.map((driver): LimiterEntry => ({
    driver,
    limiter: driver.create(scope),
  }))
  const declared = new Set<string>(limiters.flatMap(({ limits }) => limits))
  const from =
    defaults.from === undefined ? `${scheme}:` : parseText(defaults.from, 'defaults.from')
  const snapshots = scope.has(SNAPSHOTS) ? scope.get(SNAPSHOTS) : undefined
  return {
    scope,
    drivers: [...rootDrivers, isolation, ...limiters],
    isolation: made,
    roots: new RootRouter(providers),
    schemes: new Set(providers.keys()),
    snapshots,
    writes: new CopyOnWrite({
      wanted: checkCopies(copyOnWrite, isolation),
      isolation: made,
      copies: isolation.features.includes('rootCopies'),
      spec: () => parseContainerSpec(undefined, { from, declaredLimits: declared }).container,
      store: snapshots,
    }),
    limits: new LimitRouter(
      entries,
      isolation,
      {
        defaults: parseLimits(defaults.limits, 'defaults.limits', declared),
        onUnsupported,
        account,
        warn,
      },
      async (driver) => supportsOf(driver, await driver.probe(scope)),
    ),
    ownPlaces: ownPlacesOf(scope),
    from,
  }
}

/** @throws CaissonError ERR_UNSUPPORTED */
function checkCopies(wanted: CopyOnWriteOption, { name, features }: Driver): CopyOnWriteOption {
  if (wanted === 'auto' || wanted === 'overlay' || features.includes('rootCopies')) return wanted
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'copyOnWrite',
    subject: wanted,
    driver: name,
    field: 'copyOnWrite',
    why: `isolation driver ${name} has not the feature \`rootCopies\``,
    fix: 'Use a driver that has it, such as pivotRoot(), or leave it out.',
  })
}

/** The first word is the default. @throws TypeError ERR_INVALID_SPEC */
function oneOf<const W extends string>(
  value: W | undefined,
  field: string,
  words: readonly [W, ...W[]],
): W {
  const found = value === undefined ? words[0] : words.find((word) => word === value)
  if (found !== undefined) return found
  const why = `must be ${words.map((word) => `\`${word}\``).join(' or ')}`
  throw invalidArgument({ field, why })
}

function isList(value: EngineOptions['rootfs']): value is readonly Driver<'rootfs'>[] {
  return Array.isArray(value)
}
