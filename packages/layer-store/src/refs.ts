import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { invalidArgument, parseText, type CaissonError } from '@caisson/core'
import { readJson, replaceDurably, syncDirectory } from './durable.js'
import { parseRoot, type StoreRoot } from './lease.js'
import type { StoreContext } from './store-context.js'
import { storeError } from './store-error.js'

/** A name for something in a store. */
export interface Ref {
  readonly name: string
  readonly root: StoreRoot
  /** When it was given last, in milliseconds since 1970. */
  readonly changedMs: number
}

/** Names; what they name is never collected. */
export interface Refs {
  /**
   * Gives a name; one that is given already moves.
   * @param name 1 to 128 of `A-Za-z0-9._:/@+-`, the first a letter or digit; `/ : @ +` count three
   * @throws TypeError ERR_INVALID_SPEC
   */
  set(name: string, root: StoreRoot): Promise<void>
  /** @throws CaissonError ERR_STORE_DAMAGED when its file is not what was written: `set` or `delete` mends that */
  get(name: string): StoreRoot | undefined
  /** As `get`, with what is known of the name itself. */
  find(name: string): Ref | undefined
  /** Without those whose file is damaged; `collect()` names them. */
  list(): readonly Ref[]
  /** What it named may be collected then. Idempotent. */
  delete(name: string): Promise<void>
}

const form = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/

/** NAME_MAX, less the end that a file has while it is written. */
const FILE_MAX = 240
const SUFFIX = '.json'

function fileOf(name: unknown): string {
  const text = parseText(name, 'name')
  if (!form.test(text)) {
    const why = 'must be 1 to 128 of A-Z a-z 0-9 . _ : / @ + -, the first a letter or digit'
    throw invalidArgument({ field: 'name', subject: text.slice(0, 80), why })
  }
  const file = `${encodeURIComponent(text)}${SUFFIX}`
  if (file.length > FILE_MAX) {
    const why = `too long: each of / : @ + counts three, and together they are more than ${FILE_MAX - SUFFIX.length}`
    throw invalidArgument({ field: 'name', subject: text.slice(0, 80), why })
  }
  return file
}

/** The one implementation of `Refs`: a file each, by whose names they are found. */
export class RefBook implements Refs {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  async set(name: string, root: StoreRoot): Promise<void> {
    const { leases, places, step } = this.#context
    const path = join(places.refs, fileOf(name))
    const checked = parseRoot(root, 'root')
    const release = await leases.hold([checked])
    try {
      step('ref:begin')
      await this.#context.session.shared(() => replaceDurably(path, JSON.stringify(checked)))
      step('ref:done')
    } finally {
      release()
    }
  }

  get(name: string): StoreRoot | undefined {
    return this.find(name)?.root
  }

  find(name: string): Ref | undefined {
    const file = fileOf(name)
    const found = this.#read(file)
    if (found === 'damaged') throw damaged(this.#context.places.refs, [file])
    return found === undefined ? undefined : { name, ...found }
  }

  list(): readonly Ref[] {
    return this.#files().flatMap((file) => {
      const name = nameOf(file)
      const found = this.#read(file)
      if (name === undefined || found === 'damaged' || found === undefined) return []
      return [{ name, ...found }]
    })
  }

  /**
   * Whether every name can be read. What a damaged one names is not known, so that nothing may be collected.
   * @throws CaissonError ERR_STORE_DAMAGED naming all that cannot
   */
  check(): void {
    const bad = this.#files().filter(
      (file) => nameOf(file) === undefined || this.#read(file) === 'damaged',
    )
    if (bad.length > 0) throw damaged(this.#context.places.refs, bad)
  }

  async delete(name: string): Promise<void> {
    rmSync(join(this.#context.places.refs, fileOf(name)), { force: true })
    syncDirectory(this.#context.places.refs)
  }

  #files(): readonly string[] {
    return readdirSync(this.#context.places.refs).filter((file) => file.endsWith(SUFFIX))
  }

  #read(file: string): Omit<Ref, 'name'> | 'damaged' | undefined {
    const path = join(this.#context.places.refs, file)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    try {
      return { root: parseRoot(readJson(path), 'ref'), changedMs: stat.mtimeMs }
    } catch {
      // removed between the two calls: none
      return existsSync(path) ? 'damaged' : undefined
    }
  }
}

/** Undefined: no name has such a file. */
function nameOf(file: string): string | undefined {
  try {
    const name = decodeURIComponent(file.slice(0, -SUFFIX.length))
    return fileOf(name) === file ? name : undefined
  } catch {
    return undefined
  }
}

function damaged(directory: string, files: readonly string[]): CaissonError {
  const names = files.map((file) => nameOf(file) ?? file)
  const why = `what these names stand for cannot be read: ${names.join(', ')}`
  const fix =
    'Give the name anew (`refs.set`) or take it away (`refs.delete`); a file that is no name is to be removed by hand.'
  return storeError('ERR_STORE_DAMAGED', directory, why, { fix })
}
