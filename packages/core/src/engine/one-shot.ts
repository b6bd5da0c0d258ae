import type { CommandOpener, CommandIo, Launch } from '../container/launch.js'
import { holdLimits, type HeldLimits } from '../container/held-limits.js'
import type { LimitPlan } from '../container/limit-router.js'
import { makeCommand } from '../container/make-command.js'
import { newId } from '../container/new-id.js'
import type { RootSource } from '../container/root-router.js'
import { UndoStack } from '../container/undo-stack.js'
import { noHolding } from '../contracts/holding.js'
import type { ContainerRequest, IsolationDriver } from '../contracts/isolation-driver.js'
import type { SnapshotStore } from '../contracts/snapshot-store.js'
import { CaissonError } from '../errors/caisson-error.js'
import { suppress } from '../errors/suppress.js'
import { refuseOwnPlaces, type OwnPlace } from '../host/own-places.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import { withDisk } from '../spec/with-disk.js'
import { ContainerRoot } from './container-root.js'
import type { CopyOnWrite } from './copy-on-write.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'

/** A command in a container of its own, parsed and allowed. */
export interface OneShotParts {
  readonly argv: readonly string[]
  readonly spec: ContainerSpec
  readonly options: ParsedExec
  readonly root: RootSource
  /** A promise while the drivers are asked what they can do here. */
  readonly limits: LimitPlan | Promise<LimitPlan>
  readonly isolation: IsolationDriver
  readonly snapshots: SnapshotStore | undefined
  readonly writes: CopyOnWrite
  readonly ownPlaces: readonly OwnPlace[]
  readonly warn: (error: unknown) => void
}

/** A spec for one container: with its host name. */
export function namedSpec(spec: ContainerSpec, id: string): ContainerSpec {
  return spec.hostname === '' ? Object.freeze({ ...spec, hostname: id.slice(0, 12) }) : spec
}

/** What is taken hold of for a container. */
export interface Leases {
  readonly request: ContainerRequest
  readonly root: ContainerRoot
  readonly held: HeldLimits
  readonly plan: LimitPlan
  readonly undo: UndoStack
}

/** Takes hold of what a container needs, does something with it, and undoes everything when that fails. */
export async function withLeases<T>(
  parts: Pick<OneShotParts, 'spec' | 'root' | 'limits' | 'snapshots' | 'writes' | 'ownPlaces'> & {
    readonly scope: 'container' | 'one-shot'
    readonly signal: AbortSignal | undefined
  },
  check: () => CaissonError | undefined,
  use: (leases: Leases) => T | Promise<T>,
): Promise<T> {
  refuseOwnPlaces(parts.spec.mounts, parts.ownPlaces)
  // refuses what cannot be enforced, before anything is touched; waits for the first time only
  const plan = 'then' in parts.limits ? await parts.limits : parts.limits
  const id = newId()
  const undo = new UndoStack()
  try {
    const { root: source, spec: asked, signal, snapshots, writes } = parts
    if (asked.upperOn === 'disk' && plan.isolation.disk !== undefined) throw unlimitedDisk()
    const root = await ContainerRoot.take({ id, spec: asked, source, signal, snapshots, writes })
    undo.push(() => root.release())
    throwIf(check())
    const held = await holdLimits(plan, { id, scope: parts.scope })
    undo.push(async () => {
      const failures = await held.release()
      if (failures.length > 0) throw new AggregateError(failures, 'limits not released')
    })
    throwIf(check())
    const spec = namedSpec(withDisk(asked, plan.isolation.disk), id)
    const request = { id, spec, ...root.request, amendments: held.amendments }
    return await use({ request, root, held, plan, undo })
  } catch (error) {
    suppress(error, await undo.run())
    throw error
  }
}

function unlimitedDisk(): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'limit not supported',
    subject: 'disk',
    field: 'limits.disk',
    why: 'nothing limits what is written to a directory of the host',
    fix: "Use `writable: { on: 'memory' }`, or leave the limit out.",
  })
}

function throwIf(error: CaissonError | undefined): void {
  if (error !== undefined) throw error
}

/** Opens a one-shot. */
export function oneShotOpener(parts: OneShotParts): CommandOpener {
  const { argv, options, isolation, warn } = parts
  const needs = { ...parts, scope: 'one-shot' as const, signal: options.signal }
  const open = (io: CommandIo, cancelled: () => CaissonError | undefined): Promise<Launch> =>
    withLeases(needs, cancelled, ({ request, root, held, plan, undo }) => {
      const command = makeCommand(argv, request.spec, options, io, [])
      return {
        process: isolation.run(request, command),
        own: held,
        outer: undefined,
        degraded: [...root.degraded, ...plan.degraded],
        holding: () => isolation.holding?.(request, command) ?? noHolding,
        finish: async () => {
          for (const failure of await undo.run()) warn(failure)
        },
      }
    })
  return { open }
}
