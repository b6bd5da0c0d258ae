import type { CommandOpener, CommandIo, Launch } from '../container/launch.js'
import { holdLimits, type LimitPlan } from '../container/limit-router.js'
import { makeCommand } from '../container/make-command.js'
import { newId } from '../container/new-id.js'
import type { RootSource } from '../container/root-router.js'
import { UndoStack } from '../container/undo-stack.js'
import { noHolding } from '../contracts/holding.js'
import type { ContainerRequest, IsolationDriver } from '../contracts/isolation-driver.js'
import type { CaissonError } from '../errors/caisson-error.js'
import { suppress } from '../errors/suppress.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'

/** A command in a container of its own, parsed and allowed. */
export interface OneShotParts {
  readonly argv: readonly string[]
  readonly spec: ContainerSpec
  readonly options: ParsedExec
  readonly root: RootSource
  readonly limits: LimitPlan
  readonly isolation: IsolationDriver
  readonly warn: (error: unknown) => void
}

/** A spec for one container: with its host name. */
export function namedSpec(spec: ContainerSpec, id: string): ContainerSpec {
  return spec.hostname === '' ? Object.freeze({ ...spec, hostname: id.slice(0, 12) }) : spec
}

/** Takes hold of what a container needs, does something with it, and undoes everything when that fails. */
export async function withLeases<T>(
  parts: Pick<OneShotParts, 'spec' | 'root' | 'limits'> & {
    readonly signal: AbortSignal | undefined
  },
  check: () => CaissonError | undefined,
  use: (
    request: ContainerRequest,
    held: Awaited<ReturnType<typeof holdLimits>>,
    undo: UndoStack,
  ) => T | Promise<T>,
): Promise<T> {
  const id = newId()
  const undo = new UndoStack()
  try {
    const root = await parts.root.lend(id, parts.signal)
    undo.push(() => root.release())
    throwIf(check())
    const held = await holdLimits(parts.limits, id, 'container')
    undo.push(async () => {
      const failures = await held.release()
      if (failures.length > 0) throw new AggregateError(failures, 'limits not released')
    })
    throwIf(check())
    const spec = namedSpec(parts.spec, id)
    return await use({ id, spec, root, amendments: held.amendments }, held, undo)
  } catch (error) {
    suppress(error, await undo.run())
    throw error
  }
}

function throwIf(error: CaissonError | undefined): void {
  if (error !== undefined) throw error
}

/** Opens a one-shot. */
export function oneShotOpener(parts: OneShotParts): CommandOpener {
  const { argv, options, isolation, limits, warn } = parts
  const needs = { ...parts, signal: options.signal }
  const open = (io: CommandIo, cancelled: () => CaissonError | undefined): Promise<Launch> =>
    withLeases(needs, cancelled, (request, held, undo) => {
      const command = makeCommand(argv, request.spec, options, io, [])
      return {
        process: isolation.run(request, command),
        holding: () => isolation.holding?.(request, command) ?? noHolding,
        verdicts: held.verdicts,
        enforced: held.enforced,
        degraded: limits.degraded,
        finish: async () => {
          for (const failure of await undo.run()) warn(failure)
        },
      }
    })
  return { open }
}
