import { defineDriver, invalidArgument, type Driver, type DriverModule } from '@caisson/core'
import { token, type Token } from '@caisson/core/di'
import { DRIVER } from './driver-name.js'
import { GroupStore } from './group-store.js'
import { LIMIT_KEYS, type LimitKeyV2 } from './limit-keys.js'
import { CgroupV2Limiter } from './limiter.js'
import { findPlace } from './place.js'
import { probePlace } from './probe.js'

/** Where groups are made. */
export interface CgroupV2Options {
  /**
   * Absolute path of a group without processes that this user may make groups in, e.g. one that systemd has delegated.
   * Default: the group of this process where no process is in it or where it is the top; for root, on a host without systemd,
   * the top.
   */
  readonly root?: string
  /**
   * Whether this process and all others in its group may be moved to a group `sdk` below it, which it takes for groups beside
   * that to have limits. Default false: it concerns more than containers.
   */
  readonly adoptOwnCgroup?: boolean
}

/**
 * Limits by control groups of version 2, for root and for users to whom a tree was delegated. Each command has a group of its
 * own, into which it is born; every pid 1 is in one beside them. What this host lacks is `unsupported` in `probe().limits`, with
 * why and what to do.
 *
 * `acquire` rejects with ERR_LIMIT_DELEGATION (no right to make groups), ERR_LIMIT_RANGE (the kernel does not take the value),
 * ERR_LIMIT_DEVICE, ERR_UNSUPPORTED (a controller or file that is not there) or ERR_LIMIT (processes or threaded groups in the
 * way); limit, file, value and errno are in the error, and nothing is left.
 *
 * Reasons: `oom` when SIGKILL ended the command and the kernel counted a kill in its group; `pids` when it failed and was
 * refused a process.
 * @throws CaissonError ERR_INVALID_ARGUMENT
 */
export function cgroupV2(
  options: CgroupV2Options = {},
): Driver<'limiter', LimitKeyV2, 'freeze' | 'watch' | 'account' | 'stats' | 'update' | 'kill'> {
  const { root, adoptOwnCgroup } = options
  if (root !== undefined && !(typeof root === 'string' && root.startsWith('/')))
    throw invalidArgument({ field: 'root', why: 'must be an absolute path' })
  if (adoptOwnCgroup !== undefined && typeof adoptOwnCgroup !== 'boolean')
    throw invalidArgument({ field: 'adoptOwnCgroup', why: 'must be true or false' })
  // one of each driver that is made: another may have another root
  const store: Token<GroupStore> = token('cgroupv2/GroupStore')
  const module: DriverModule = Object.freeze({
    name: '@caisson/driver-cgroupv2',
    install(scope) {
      if (scope.has(store)) return
      // asked for its launcher when the first limit is wanted: by then the isolation driver has registered one
      scope.provide(store, {}, () => new GroupStore(() => findPlace(options), scope))
    },
  } satisfies DriverModule)
  return defineDriver({
    kind: 'limiter',
    name: DRIVER,
    apiVersion: 1,
    limits: LIMIT_KEYS,
    features: ['freeze', 'watch', 'account', 'stats', 'update', 'kill'],
    modules: [module],
    inject: { store },
    probe: async () => probePlace(findPlace(options)),
    create: (deps) => new CgroupV2Limiter(deps.store),
  })
}
