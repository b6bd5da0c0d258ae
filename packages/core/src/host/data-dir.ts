import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where content that outlives a boot is kept: as root `/var/lib/caisson`, else `$XDG_DATA_HOME/caisson`, else
 * `~/.local/share/caisson`. A relative XDG_DATA_HOME counts as unset, as its specification says.
 */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>> = process.env,
  uid: number | undefined = process.geteuid?.(),
): string {
  if (uid === 0) return '/var/lib/caisson'
  const xdg = env['XDG_DATA_HOME']
  return join(xdg?.startsWith('/') ? xdg : join(homedir(), '.local/share'), 'caisson')
}
