import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { MapHelpers } from './identity.js'

const run = promisify(execFile)
/** They read two small files and write one. */
const HELPER_TIMEOUT_MS = 10_000

/** Arguments of newuidmap or newgidmap: 0 is the user itself, 1 to 65535 its range. */
function mapArguments(pid: number, own: number, start: number): readonly string[] {
  return [String(pid), '0', String(own), '1', '1', String(start), '65535']
}

/**
 * Writes the maps of the launcher's user namespace by the system's set-user-ID helpers.
 * @throws Error of the helper: not set-user-ID, or the range is not the user's
 */
export async function writeMaps(pid: number, helpers: MapHelpers): Promise<void> {
  // Privileged programs see nothing of the caller's environment.
  const options = { env: {}, cwd: '/', timeout: HELPER_TIMEOUT_MS }
  await run(helpers.newuidmap, mapArguments(pid, helpers.uid, helpers.uids.start), options)
  await run(helpers.newgidmap, mapArguments(pid, helpers.gid, helpers.gids.start), options)
}
