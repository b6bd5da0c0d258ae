import { isCaissonError, type Launcher, type Probe } from '@caisson/core'

const modes = {
  root: 'root: a user namespace with a block of ids of its own, idmapped mounts',
  ranges: 'user: a user namespace with a range of ids',
  single: 'user: a user namespace with a single id',
} as const

/** Whether plans can be carried out here, as what, and what keeps them from it. Never throws. */
export async function probeLauncher(launcher: Launcher): Promise<Probe> {
  try {
    const { mode, idCount, rootUid, degraded, landlock = 0 } = await launcher.identity()
    const facts = {
      mode: modes[mode],
      ids: String(idCount),
      rootUid: String(rootUid),
      landlock: landlock === 0 ? 'none' : `version ${landlock}`,
    }
    return { ok: true, missing: [], degraded, facts }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const fix = isCaissonError(error) && error.fix !== undefined ? error.fix : 'See the message.'
    return { ok: false, missing: [{ what, fix }], degraded: [], facts: {} }
  }
}
