import type {
  Amendment,
  Command,
  ContainerSpec,
  ContainerStep,
  CopyOnWriteKind,
  Holding,
  LauncherIdentity,
  ProcessStep,
  RootLease,
  TemplateStep,
} from '@caisson/core'
import { checkCommand } from './check-command.js'
import { expectSteps, mountIdentities } from './expect-steps.js'
import { deviceSteps, deviceTemplateSteps } from './device-tree.js'
import { BoundedMap, deepFreeze, Interner } from './interned.js'
import { mountSteps, mountTemplateSteps } from './mount-steps.js'
import { landlockLosses } from './landlock-steps.js'
import { namespaceSteps } from './namespace-steps.js'
import { thisHost, type PlanHost } from './plan-host.js'
import type { PlanInput, PlanKind } from './plan-input.js'
import { procSysSteps, sysTemplateSteps } from './proc-sys-steps.js'
import { processSteps } from './process-steps.js'
import { protectionsOf } from './protections-of.js'
import { rlimitSteps } from './rlimit-steps.js'
import { rootSteps, rootTemplateSteps, sealSteps } from './root-steps.js'
import { sysctlSteps } from './sysctl-steps.js'
import { Unmapped } from './unmapped.js'

/** The steps that a container has in common with those like it. */
export interface SetupSteps {
  readonly template: readonly TemplateStep[]
  readonly container: readonly ContainerStep[]
}

/** What steps of a container are compiled from. */
export interface SetupRequest {
  readonly spec: ContainerSpec
  readonly root: RootLease
  readonly upper?: string | undefined
  readonly copyOnWrite?: CopyOnWriteKind | undefined
}

interface Held {
  readonly container: readonly ContainerStep[]
  readonly spec: string
  readonly holding: Holding
}

const REMEMBERED = 512

/** Both lists of a container's set-up, made anew. */
export function setupSteps(input: PlanInput): SetupSteps {
  return {
    template: [
      ...expectSteps(input),
      ...rootTemplateSteps(input),
      ...mountTemplateSteps(input),
      ...deviceTemplateSteps(input),
      ...sysTemplateSteps(input),
    ],
    container: [
      ...namespaceSteps(input),
      ...sysctlSteps(input.spec),
      ...rootSteps(input),
      ...deviceSteps(input),
      ...procSysSteps(input),
      ...mountSteps(input),
      ...sealSteps(input),
      { op: input.kind },
    ],
  }
}

/** Compiles plans and remembers them: equal requests get the very same frozen lists. */
export class PlanCompiler {
  readonly #kind: PlanKind
  readonly #host: PlanHost
  readonly #setups = new BoundedMap<SetupSteps>(REMEMBERED)
  readonly #processes = new BoundedMap<readonly ProcessStep[]>(REMEMBERED)
  readonly #templateLists = new Interner<TemplateStep>(REMEMBERED)
  readonly #containerLists = new Interner<ContainerStep>(REMEMBERED)
  readonly #processLists = new Interner<ProcessStep>(REMEMBERED)
  readonly #holdings = new WeakMap<readonly ProcessStep[], Held>()
  #identity: LauncherIdentity | undefined
  #identityKey = ''

  /** What cannot be id-mapped. */
  readonly unmapped = new Unmapped()

  constructor(kind: PlanKind, host: PlanHost = thisHost) {
    this.#kind = kind
    this.#host = host
  }

  /** What the steps of a request depend on. */
  input({ spec, root, upper, copyOnWrite }: SetupRequest, identity: LauncherIdentity): PlanInput {
    return {
      kind: this.#kind,
      spec,
      root,
      upper,
      copyOnWrite,
      identity,
      host: this.#host,
      unmapped: this.unmapped.of(spec),
    }
  }

  /**
   * Template and container steps.
   * @throws CaissonError ERR_ROOTFS_INVALID, ERR_MOUNT_SOURCE, ERR_MOUNT_TARGET
   */
  setup(request: SetupRequest, identity: LauncherIdentity): SetupSteps {
    // a directory for writes is one container's alone: nothing to share with others, and no spare to be made of it
    if (request.upper !== undefined) return deepFreeze(setupSteps(this.input(request, identity)))
    const files = mountIdentities(request.spec, this.#host)
    const key = `${this.#keyOf(identity)}\0${this.unmapped.key}\0${files}\0${request.copyOnWrite ?? 'overlay'}\0${request.root.key}\0${request.spec.key}`
    const known = this.#setups.get(key)
    if (known !== undefined) return known
    const { template, container } = setupSteps(this.input(request, identity))
    return this.#setups.set(
      key,
      Object.freeze({
        template: this.#templateLists.intern(template),
        container: this.#containerLists.intern(container),
      }),
    )
  }

  /**
   * Process steps but for `exec`, which differs in every start.
   * @throws TypeError ERR_CAPABILITY_UNKNOWN, ERR_INVALID_SPEC; CaissonError ERR_UNSUPPORTED
   */
  process(
    spec: ContainerSpec,
    command: Pick<Command, 'user' | 'groups' | 'cwd' | 'tty'>,
    identity: LauncherIdentity,
  ): readonly ProcessStep[] {
    const { user, groups, cwd } = command
    checkCommand(spec, command)
    const core = spec.limits.core === undefined ? '' : 'core'
    const key = [this.#keyOf(identity), spec.key, core, user, cwd, ...groups].join('\0')
    const known = this.#processes.get(key)
    if (known !== undefined) return known
    const input = { kind: this.#kind, spec, identity, host: this.#host, user, groups, cwd }
    return this.#processes.set(key, this.#processLists.intern(processSteps(input)))
  }

  /** Process steps that are sent with each start: those of limits, and limits that hold where no limiter sets another. */
  ownProcess(spec: ContainerSpec, amendments: readonly Amendment[]): readonly ProcessStep[] {
    const amended = amendments.flatMap(({ process }) => process ?? [])
    return [...rlimitSteps(spec, this.#host, amended), ...amended]
  }

  /**
   * What holds a command that was started by these lists.
   * @throws what `setup` and `process` throw
   */
  holding(request: SetupRequest, command: Command, identity: LauncherIdentity): Holding {
    const { spec } = request
    const { container } = this.setup(request, identity)
    const process = this.process(spec, command, identity)
    const known = this.#holdings.get(process)
    if (known?.container === container && known.spec === spec.key) return known.holding
    const holding = Object.freeze({
      protections: protectionsOf({ spec, identity, container, process }),
      degraded: [
        ...landlockLosses({ spec, kind: this.#kind, identity }),
        ...this.unmapped.losses(this.input(request, identity)),
      ],
    })
    this.#holdings.set(process, { container, spec: spec.key, holding })
    return holding
  }

  #keyOf(identity: LauncherIdentity): string {
    if (identity !== this.#identity) {
      this.#identity = identity
      this.#identityKey = JSON.stringify(identity)
    }
    return this.#identityKey
  }
}
