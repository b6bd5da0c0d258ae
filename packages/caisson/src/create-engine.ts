import {
  createEngine as createCoreEngine,
  DATA_DIR,
  defaultDataDir,
  defaultStateDir,
  invalidArgument,
  STATE_DIR,
  type Driver,
  type Engine,
  type FeaturesOf,
  type Limits,
} from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { highestLimit } from '@caisson/driver-rlimits'
import { layerStoreModule, storeRootfs } from '@caisson/layer-store'
import { debianRootfs, debootstrapRootfs, mmdebstrapRootfs } from '@caisson/rootfs-distro'
import { busyboxRootfs, dirRootfs, hostRootfs } from '@caisson/rootfs-local'
import { tarRootfs } from '@caisson/rootfs-tar'
import { pickIsolation, type IsolationPick } from './pick-isolation.js'
import { pickLimiters, type DefaultLimiter, type LimiterPick } from './pick-limiters.js'
import type { Picked } from './picked.js'
import { PresetEngineHandle, type PresetEngine } from './preset-engine.js'
import type { IsolationOption, OneOf, PresetLimits, PresetOptions } from './preset-options.js'

const optionFields: ReadonlySet<string> = new Set(
  'isolation rootfs limiters from limits stateDir dataDir account onUnsupported copyOnWrite'.split(
    ' ',
  ),
)

/** Enough for a parallel build, and not enough to starve the host; less where this process itself may have less. */
function defaultLimits(): { readonly processes: number } {
  const wanted = 512
  return { processes: Math.min(wanted, highestLimit('processes') ?? wanted) }
}

/** Isolation drivers of the preset. */
export type DefaultIsolation = ReturnType<typeof pivotRoot>

function isList(value: IsolationOption): value is readonly Driver<'isolation'>[] {
  return Array.isArray(value)
}

function candidatesOf(option: IsolationOption | undefined): readonly Driver<'isolation'>[] {
  if (option === undefined) return [pivotRoot()]
  return isList(option) ? option : [option]
}

function rootfsOf(
  extra: readonly Driver<'rootfs'>[],
  dataDir: string,
): readonly Driver<'rootfs'>[] {
  const taken = new Set(extra.flatMap(({ schemes }) => schemes))
  const ours = [
    hostRootfs(),
    dirRootfs(),
    busyboxRootfs({ dataDir }),
    tarRootfs(),
    debianRootfs(),
    mmdebstrapRootfs(),
    debootstrapRootfs(),
    ...storeRootfs(),
  ]
  return [...ours.filter(({ schemes }) => !schemes.some((scheme) => taken.has(scheme))), ...extra]
}

function describe(
  pick: IsolationPick,
  found: LimiterPick,
  rootfs: readonly Driver<'rootfs'>[],
  limiters: readonly Driver<'limiter'>[],
): Picked {
  const { picked, passedOver } = pick
  const schemes = rootfs.flatMap((driver) => driver.schemes)
  const names = limiters.map(({ name }) => name)
  const mode = picked.facts['mode']
  const without = [...passedOver, ...found.passedOver].map(
    ({ name, missing }) =>
      `${name} does not work here: ${missing.map(({ what }) => what).join('; ')}`,
  )
  const summary = [
    `isolation by ${picked.name}${mode === undefined ? '' : ` (${mode})`}`,
    `limits by ${names.join(', ')}`,
    `roots from ${schemes.map((scheme) => `${scheme}:`).join(', ')}`,
    ...without,
  ].join('; ')
  return Object.freeze({
    isolation: picked,
    passedOver,
    schemes,
    limiters: names,
    limitersPassedOver: found.passedOver,
    summary,
  })
}

function checkOptions(options: PresetOptions): void {
  const unknown = Object.keys(options).find((name) => !optionFields.has(name))
  if (unknown === undefined) return
  const why = `unknown field; there are ${[...optionFields].join(', ')}`
  throw invalidArgument({ field: unknown, why })
}

async function assemble(options: PresetOptions, scope: Scope): Promise<PresetEngine> {
  const pick = await pickIsolation(candidatesOf(options.isolation), scope)
  const rootfs = rootfsOf(options.rootfs ?? [], options.dataDir ?? defaultDataDir())
  const own = options.limiters ?? []
  const found = await pickLimiters(scope)
  const limiters = [
    ...own,
    ...found.drivers.filter(({ name }) => own.every((it) => it.name !== name)),
  ]
  const limits: Limits = { ...defaultLimits(), ...options.limits }
  const defaults = { from: options.from ?? 'host:', limits }
  const engine: Engine = await createCoreEngine({
    rootfs,
    isolation: pick.driver,
    limiters,
    scope,
    defaults,
    account: options.account ?? 'limited',
    onUnsupported: options.onUnsupported ?? 'throw',
    copyOnWrite: options.copyOnWrite ?? 'auto',
  })
  return new PresetEngineHandle(engine, scope, describe(pick, found, rootfs, limiters))
}

/**
 * An engine with everything that works here: `pivotRoot()` for isolation, the first kind of control groups that works and
 * `rlimits()` for limits, roots from `host:`, `dir:`, `busybox:`, `tar:`, `debian:`, `mmdebstrap:`,
 * `debootstrap:`, `layer:` and `snapshot:`, and a store of layers and
 * snapshots. `engine.picked` says what it picked and why, `engine.doctor()` what each limit is worth here.
 * @throws CaissonError ERR_UNSUPPORTED when no isolation driver works here, naming what is missing and the fix; ERR_DRIVER,
 * ERR_INVALID_SPEC, ERR_LIMIT_RANGE (options)
 */
export function createEngine<
  const I extends IsolationOption = DefaultIsolation,
  const M extends readonly Driver<'limiter'>[] = readonly [],
>(
  options?: PresetOptions<I, M>,
): Promise<PresetEngine<PresetLimits<I, M>, FeaturesOf<OneOf<I> | M[number] | DefaultLimiter>>>
export async function createEngine(options: PresetOptions = {}): Promise<PresetEngine> {
  checkOptions(options)
  const scope = Scope.root()
    .value(STATE_DIR, options.stateDir ?? defaultStateDir())
    .value(DATA_DIR, options.dataDir ?? defaultDataDir())
  layerStoreModule().install(scope)
  try {
    return await assemble(options, scope)
  } catch (error) {
    await scope[Symbol.asyncDispose]()
    throw error
  }
}
