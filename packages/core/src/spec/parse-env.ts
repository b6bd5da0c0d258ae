import { invalidArgument } from '../errors/invalid-argument.js'
import { parseText } from '../values/parse-text.js'
import { plainObject } from './check-fields.js'
import { checkSize } from './parse-argv.js'

/** Where commands are searched when the caller names no PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Variables, parsed; undefined takes one away. */
export type EnvChanges = Readonly<Record<string, string | undefined>>

/**
 * @param removable whether undefined is allowed
 * @throws TypeError ERR_INVALID_SPEC, ERR_ARGV_TOO_LARGE, naming the variable
 */
export function parseEnv(value: unknown, removable: boolean): EnvChanges {
  const env: Record<string, string | undefined> = Object.create(null)
  for (const [name, item] of Object.entries(plainObject(value, 'env'))) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      const why = 'the name of a variable must not be empty and has neither = nor NUL'
      throw invalidArgument({ field: `env[${JSON.stringify(name.slice(0, 40))}]`, why })
    }
    const field = `env.${name.slice(0, 80)}`
    if (item === undefined && removable) {
      env[name] = undefined
      continue
    }
    const text = parseText(item, field, { empty: true })
    checkSize(`${name}=${text}`, field)
    // programs copy it into /etc/passwd and the like, where such a character starts a new field or line
    if (name === 'HOME' && /[\n\r:]/.test(text)) {
      throw invalidArgument({ field, why: 'must not contain a colon or a line break' })
    }
    env[name] = text
  }
  return Object.freeze(env)
}

/** HOME of a user where nobody named one; undefined for names, which only the container's passwd knows. */
function homeOf(user: string): string | undefined {
  const name = user.split(':', 1)[0] ?? ''
  if (name === '0' || name === 'root') return '/root'
  return /^\d+$/.test(name) ? '/' : undefined
}

/** The whole environment of a command, as `NAME=value`. */
export function environment(
  user: string,
  base: EnvChanges,
  changes?: EnvChanges,
): readonly string[] {
  const merged = changes === undefined ? base : { ...base, ...changes }
  const entries: string[] = []
  for (const name of Object.keys(merged)) {
    const value = merged[name]
    if (value !== undefined) entries.push(`${name}=${value}`)
  }
  const home = 'HOME' in merged ? undefined : homeOf(user)
  if (home !== undefined) entries.push(`HOME=${home}`)
  return Object.freeze(entries)
}
