import type { ManifestEntry } from './manifest-entry.js'
import type { Stamp } from './stamps.js'
import type { TreeDetails, TreeStatus } from './tree-reader.js'
import type { DifferenceKind, EntryFacts } from './verification.js'

/** What was seen of an entry. */
export interface Seen {
  readonly status: TreeStatus
  readonly isDeep: boolean
  /** Of a file that was read. */
  readonly digest?: string | undefined
  /** Where it was asked for. */
  readonly details?: TreeDetails | undefined
}

/** What else an entry is compared with. */
export interface CompareContext {
  readonly stamp: Stamp | undefined
  /** The number of the file that it is another name of; undefined when that is not there. */
  readonly first: bigint | undefined
  /** Undefined: attributes are not compared. */
  readonly xattrs: ((a: ManifestEntry['xattrs'], b: ManifestEntry['xattrs']) => boolean) | undefined
}

/** How an entry differs. */
export interface EntryDifference {
  readonly kind: DifferenceKind
  readonly expected: EntryFacts | undefined
  readonly found: EntryFacts | undefined
}

/** Whether two sorted lists of attributes differ. */
export function unequalXattrs(a: ManifestEntry['xattrs'], b: ManifestEntry['xattrs']): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

/** Kinds of facts, the gravest first. */
const gravity: readonly (readonly [DifferenceKind, readonly (keyof EntryFacts)[]])[] = [
  ['content', ['size', 'sha256', 'target', 'device']],
  ['links', ['link']],
  ['attributes', ['mode', 'uid', 'gid', 'xattrs']],
]

type Mutable = { -readonly [K in keyof EntryFacts]: EntryFacts[K] }
type Known<K extends keyof EntryFacts> = Exclude<EntryFacts[K], undefined>

/** Both sides of what differs. */
class Facts {
  readonly expected: Mutable = {}
  readonly found: Mutable = {}
  readonly #names = new Set<keyof EntryFacts>()

  /** Undefined: it has none. */
  add<K extends keyof EntryFacts>(
    name: K,
    expected: Known<K> | undefined,
    found: Known<K> | undefined,
  ): void {
    if (expected !== undefined) this.expected[name] = expected
    if (found !== undefined) this.found[name] = found
    this.#names.add(name)
  }

  compare<K extends keyof EntryFacts>(
    name: K,
    expected: Known<K> | undefined,
    found: Known<K> | undefined,
  ): void {
    if (expected !== found) this.add(name, expected, found)
  }

  has(name: keyof EntryFacts): boolean {
    return this.#names.has(name)
  }

  get any(): boolean {
    return this.#names.size > 0
  }
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

function all(entry: ManifestEntry): EntryFacts {
  const { type, mode, uid, gid, size, digest, target, device, link } = entry
  return {
    type,
    mode,
    uid,
    gid,
    ...(digest !== undefined && { size, sha256: digest }),
    ...(target !== undefined && { target: text(target) }),
    ...(device !== undefined && { device }),
    ...(link !== undefined && { link: text(link) }),
  }
}

function compareDeep(facts: Facts, entry: ManifestEntry, seen: Seen, context: CompareContext) {
  const { details, digest } = seen
  if (entry.type === 'file') facts.compare('sha256', entry.digest, digest)
  if (details === undefined) return
  if (entry.target !== details.target)
    facts.add('target', text(entry.target ?? ''), text(details.target ?? ''))
  const [is, was] = [details.device, entry.device]
  if (is?.major !== was?.major || is?.minor !== was?.minor) facts.add('device', was, is)
  if (context.xattrs?.(entry.xattrs, details.xattrs) === true) {
    facts.add('xattrs', Object.fromEntries(entry.xattrs), Object.fromEntries(details.xattrs))
  }
}

function factsOf(entry: ManifestEntry, seen: Seen, context: CompareContext): Facts {
  const { status, isDeep } = seen
  const { stamp, first } = context
  const facts = new Facts()
  // of a symlink it means nothing
  if (entry.type !== 'symlink') facts.compare('mode', entry.mode, status.mode)
  facts.compare('uid', entry.uid, status.uid)
  facts.compare('gid', entry.gid, status.gid)
  facts.compare('size', entry.size, status.size)
  facts.compare('mtimeNs', entry.mtimeNs, status.mtimeNs)
  if (entry.link !== undefined && first !== status.ino)
    facts.add('link', text(entry.link), undefined)
  if (isDeep) compareDeep(facts, entry, seen, context)
  if (stamp !== undefined) {
    facts.compare('ino', stamp.ino, status.ino)
    facts.compare('ctimeNs', stamp.ctimeNs, status.ctimeNs)
  }
  return facts
}

function kindOf(facts: Facts, isDeep: boolean): DifferenceKind {
  for (const [kind, names] of gravity) if (names.some((name) => facts.has(name))) return kind
  // who writes a file sets its time: what was written, only a deep check tells
  return isDeep && facts.has('mtimeNs') ? 'attributes' : 'touched'
}

/** How an entry that was published differs from what is there; undefined: not at all. */
export function compareEntry(
  entry: ManifestEntry,
  seen: Seen | undefined,
  context: CompareContext,
): EntryDifference | undefined {
  if (seen === undefined) return { kind: 'missing', expected: all(entry), found: undefined }
  const { status, isDeep } = seen
  if (status.type !== entry.type) {
    return { kind: 'type', expected: all(entry), found: { type: status.type, mode: status.mode } }
  }
  const facts = factsOf(entry, seen, context)
  if (!facts.any) return undefined
  const { expected, found } = facts
  return { kind: kindOf(facts, isDeep), expected, found }
}
