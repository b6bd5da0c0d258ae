import type { DirectoryJail, Launcher } from '@caisson/core'
import { distroError } from './distro-error.js'

/**
 * A directory, served by the launcher of a scope.
 * @throws CaissonError ERR_UNSUPPORTED when that launcher serves none
 */
export async function openJail(
  launcher: Launcher,
  directory: string,
  subject: string,
): Promise<DirectoryJail> {
  const jail = await launcher.jail?.(directory)
  if (jail !== undefined) return jail
  const why = 'the launcher registered in this scope serves no directories'
  throw distroError('ERR_UNSUPPORTED', subject, why, 'Use that of @caisson/launcher.')
}
