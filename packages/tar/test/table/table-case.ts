import type { FoundEntry } from '@caisson/core'

/** Looks at an entry of what was unpacked, by its name in latin1; undefined: there is none. */
export type Look = (name: string) => Promise<FoundEntry | undefined>

/** An archive, and what unpacking it has to come to. */
export interface TableCase {
  readonly name: string
  /** Only root may make what is in it. */
  readonly rootOnly?: boolean
  archive(): Buffer
  /**
   * What is wrong with what was unpacked; undefined: nothing. A case without it is an archive that has to be refused.
   * @param path of the directory, for content that is large
   */
  readonly fault?: (look: Look, path: string) => Promise<string | undefined>
}

/** Parts of an entry that a case asks for. */
export interface Wanted {
  /** Type and permission bits, as stat(2) has them. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtimeNs?: bigint
  readonly links?: number
  readonly content?: string
  /** In latin1. */
  readonly target?: string
  readonly device?: string
  readonly xattrs?: Readonly<Record<string, string>>
  /** Another name of this one. */
  readonly same?: string
}

function valuesOf(found: FoundEntry, like: FoundEntry | undefined): Readonly<Wanted> {
  const { status, device, target, xattrs, content } = found
  return {
    mode: status.mode,
    uid: status.uid,
    gid: status.gid,
    mtimeNs: status.mtimeNs,
    links: status.links,
    content: Buffer.from(content ?? []).toString(),
    target: Buffer.from(target).toString('latin1'),
    device: `${device.major}:${device.minor}`,
    xattrs: Object.fromEntries(
      [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    ),
    ...(like?.status.ino === status.ino && { same: 'yes' }),
  }
}

/** A `fault` for entries by their names in latin1; null: nothing may be there. */
export function holds(
  all: Readonly<Record<string, Wanted | null>>,
): NonNullable<TableCase['fault']> {
  return async (look) => {
    for (const [name, wanted] of Object.entries(all)) {
      const found = await look(name)
      if (found === undefined) {
        if (wanted !== null) return `${name} is missing`
        continue
      }
      if (wanted === null) return `${name} is there`
      const like = wanted.same === undefined ? undefined : await look(wanted.same)
      const is = valuesOf(found, like)
      for (const [what, value] of Object.entries(wanted)) {
        const got: unknown = Reflect.get(is, what)
        const text = what === 'same' ? 'yes' : textOf(value)
        if (textOf(got) !== text) return `${what} of ${name} is ${textOf(got)}, not ${text}`
      }
    }
    return undefined
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'string' ? value.slice(0, 60) : JSON.stringify(value)
}
