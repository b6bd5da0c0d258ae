import { defineDriver, type Driver } from '@caisson/core'
import { DRIVER } from './driver-name.js'
import { GROUP_STORE, groupStoreModule } from './group-store.js'
import { LIMIT_KEYS, type LimitKeyV1 } from './limit-keys.js'
import { CgroupV1Limiter } from './limiter.js'
import { probeTrees } from './probe.js'

/**
 * Limits by control groups of version 1, also on hybrid hosts, where a cgroup2 tree beside them kills, stops and tells of
 * pressure. For root: v1 is not safe to be given to anybody else. What v1 lacks (`memory.high`, `low`, `min`, `oomGroup`,
 * `io.weight`, latencies) and what this host lacks is `unsupported` in `probe().limits`, with why and what to do.
 *
 * `acquire` rejects with ERR_LIMIT_DELEGATION (no right to make groups), ERR_LIMIT_RANGE (the kernel does not take the value),
 * ERR_LIMIT_DEVICE, ERR_UNSUPPORTED (a file that is not there) or ERR_LIMIT; limit, file, value and errno are in the error, and
 * nothing is left.
 *
 * Reasons: `oom` when SIGKILL ended the command and the kernel counted a kill in its groups; `pids` when it failed and was
 * refused a process.
 */
export function cgroupV1(): Driver<
  'limiter',
  LimitKeyV1,
  'freeze' | 'watch' | 'account' | 'stats' | 'update' | 'kill'
> {
  return defineDriver({
    kind: 'limiter',
    name: DRIVER,
    apiVersion: 1,
    limits: LIMIT_KEYS,
    features: ['freeze', 'watch', 'account', 'stats', 'update', 'kill'],
    modules: [groupStoreModule],
    inject: { store: GROUP_STORE },
    probe: async ({ store }) => probeTrees(store.trees),
    create: ({ store }) => new CgroupV1Limiter(store),
  })
}
