import { readFileSync } from 'node:fs'
import type { SeccompProfile } from './profile.js'

/** The profiles that come with this package. */
export type ProfileName = 'default' | 'strict'

const loaded = new Map<ProfileName, SeccompProfile>()

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
}

// compileProfile checks every field, and tests compile both
function isProfile(value: unknown): value is SeccompProfile {
  return typeof value === 'object' && value !== null && 'syscalls' in value
}

/**
 * A profile of this package, read once from `profiles/<name>.json`, frozen. `default`: what a container may call when nobody
 * says otherwise. `strict`: for judges and agents.
 */
export function namedProfile(name: ProfileName): SeccompProfile {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const file = new URL(`../profiles/${name}.json`, import.meta.url)
  const profile: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isProfile(profile)) throw new Error(`${file.pathname} is no profile`)
  freeze(profile)
  loaded.set(name, profile)
  return profile
}
