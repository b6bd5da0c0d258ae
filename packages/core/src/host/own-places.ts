import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import type { MountSpec } from '../spec/container-spec.js'

/** A directory of the engine's own, by the option that says where it is. */
export interface OwnPlace {
  readonly option: 'stateDir' | 'dataDir'
  readonly path: string
}

/** Of the directories that an engine has, those that are set. */
export function ownPlaces(
  own: Readonly<Record<OwnPlace['option'], string | undefined>>,
): readonly OwnPlace[] {
  const options = ['stateDir', 'dataDir'] as const
  return options.flatMap((option) => {
    const path = own[option]
    return path === undefined ? [] : [{ option, path }]
  })
}

const names = { stateDir: 'state', dataDir: 'data' } as const

/** The path without links, as far as there is something; what is not there yet stays as it is called. */
export function settledPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (path === '/' || !missing) return path
    return join(settledPath(dirname(path)), basename(path))
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`)
}

/** Which directory it is, whatever it is called and wherever it is mounted. */
function identify(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}

/** A place and all directories above it. */
function identities(path: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (let at = path; ; at = dirname(at)) {
    const identity = identify(at)
    if (identity !== undefined) found.add(identity)
    if (at === '/') return found
  }
}

/** In what of an engine's own a path lies, or what it holds of that, in words; undefined: neither. */
export function relationTo(place: OwnPlace, from: string): string | undefined {
  const path = settledPath(place.path)
  const what = `the ${names[place.option]} directory of this engine (${place.path})`
  if (isWithin(settledPath(from), path)) return `it lies in ${what}`
  const identity = identify(from)
  if (identity !== undefined && identities(path).has(identity)) return `it holds ${what}`
  return undefined
}

/**
 * Refuses binds that would show a container what the engine keeps for itself: sockets of other containers, records, layers.
 * @throws TypeError ERR_MOUNT_SOURCE
 */
export function refuseOwnPlaces(mounts: readonly MountSpec[], places: readonly OwnPlace[]): void {
  for (const [index, mount] of mounts.entries()) {
    if (mount.kind === 'bind') refuseOwnPlace(mount.from, `mounts[${index}].from`, places)
  }
}

function refuseOwnPlace(from: string, field: string, places: readonly OwnPlace[]): void {
  for (const place of places) {
    const why = relationTo(place, from)
    if (why !== undefined) throw refusal(from, field, why, place)
  }
}

function refusal(
  subject: string,
  field: string,
  why: string,
  place: OwnPlace,
): TypeError & CaissonError {
  const fix = `Bind what is needed of it by itself, ${elsewhere(place, subject)}.`
  return invalidArgument({ field, subject, why, fix, code: 'ERR_MOUNT_SOURCE' })
}

/** The way out that leaves what is to be shown whole. */
export function elsewhere({ option, path }: OwnPlace, shown: string): string {
  return `or keep that elsewhere: createEngine({ ${option} }) with a directory outside of ${shown}, in place of ${path}`
}
