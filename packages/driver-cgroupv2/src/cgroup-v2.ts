import { defineDriver, invalidArgument, type Driver, type DriverModule } from '@caisson/core'
import { token, type Token } from '@caisson/core/di'
import { DRIVER } from './driver-name.js'
import { GroupStore } from './group-store.js'
import { LIMIT_KEYS, type LimitKeyV2 } from './limit-keys.js'
import { CgroupV2Limiter } from './limiter.js'
import { findPlace, foundPlace } from './place.js'
import { probePlace } from './probe.js'
import { scopePlace, systemdPlace } from './systemd-scope.js'

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
  /**
   * Whether systemd is asked for a group: a scope, delegated, by the manager of this user or, for root, of the host. Its bus has to
   * be there. Default false. Not together with `root` or `adoptOwnCgroup`.
   */
  readonly systemd?: boolean
}

function check({ root, adoptOwnCgroup, systemd }: CgroupV2Options): void {
  if (root !== undefined && !(typeof root === 'string' && root.startsWith('/')))
    throw invalidArgument({ field: 'root', why: 'must be an absolute path' })
  for (const [field, value] of Object.entries({ adoptOwnCgroup, systemd }))
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidArgument({ field, why: 'must be true or false' })
  if (systemd === true && (root !== undefined || adoptOwnCgroup === true))
    throw invalidArgument({
      field: 'systemd',
      why: 'systemd chooses the group: `root` and `adoptOwnCgroup` say otherwise',
    })
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
 * @throws CaissonError ERR_INVALID_SPEC
 */
export function cgroupV2(
  options: CgroupV2Options = {},
): Driver<'limiter', LimitKeyV2, 'freeze' | 'watch' | 'account' | 'stats' | 'update' | 'kill'> {
  check(options)
  const systemd = options.systemd === true
  // one of each driver that is made: another may have another root
  const store: Token<GroupStore> = token('cgroupv2/GroupStore')
  const module: DriverModule = Object.freeze({
    name: '@caisson/driver-cgroupv2',
    install(scope) {
      if (scope.has(store)) return
      scope.provide(store, {}, () => new GroupStore(systemd ? systemdPlace : foundPlace(options)))
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
    probe: async () => (systemd ? probePlace(scopePlace(), false) : probePlace(findPlace(options))),
    create: (deps) => new CgroupV2Limiter(deps.store),
  })
}
