import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CaissonError } from '@caisson/core'

/**
 * Path of the launcher program: $CAISSON_LAUNCHER when set (tests use it for the instrumented build), else the one
 * built in this package.
 * @throws CaissonError ERR_LAUNCHER_MISSING when there is no such file
 */
export function launcherPath(): string {
  const override = process.env['CAISSON_LAUNCHER']
  const path = override ?? fileURLToPath(new URL('../build/caisson-launcher', import.meta.url))
  if (existsSync(path)) return path
  throw new CaissonError({
    code: 'ERR_LAUNCHER_MISSING',
    what: 'launcher',
    subject: path,
    why: override === undefined ? 'it has not been built' : '$CAISSON_LAUNCHER names no file',
    fix: override === undefined ? 'npm run build' : 'unset CAISSON_LAUNCHER',
  })
}
