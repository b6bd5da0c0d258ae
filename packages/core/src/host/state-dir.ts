import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Where state lies by default: for root in /run, which ends with the boot, else in the user's own runtime directory.
 * root does not follow $XDG_RUNTIME_DIR: after `sudo` it is another user's.
 */
export function defaultStateDir(
  uid: number = process.getuid?.() ?? 0,
  runtimeDir: string | undefined = process.env['XDG_RUNTIME_DIR'],
): string {
  if (uid === 0) return '/run/caisson'
  if (runtimeDir !== undefined && isAbsolute(runtimeDir)) return join(runtimeDir, 'caisson')
  return join(tmpdir(), `caisson-${uid}`)
}
