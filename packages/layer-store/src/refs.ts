import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { invalidArgument, parseText } from '@caisson/core'
import { readJson, replaceDurably, syncDirectory } from './durable.js'
import { parseRoot, type StoreRoot } from './lease.js'
import type { StoreContext } from './store-context.js'

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
  get(name: string): StoreRoot | undefined
  /** As `get`, with what is known of the name itself. */
  find(name: string): Ref | undefined
  list(): readonly Ref[]
  /** What it named may be collected then. Idempotent. */
  delete(name: string): Promise<void>
}

const form = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/

/** NAME_MAX, less the end that a file has while it is written. */
const FILE_MAX = 240

function fileOf(name: unknown): string {
  const text = parseText(name, 'name')
  if (!form.test(text)) {
    const why = 'must be 1 to 128 of A-Z a-z 0-9 . _ : / @ + -, the first a letter or digit'
    throw invalidArgument({ field: 'name', subject: text.slice(0, 80), why })
  }
  const file = `${encodeURIComponent(text)}.json`
  if (file.length > FILE_MAX) {
    const why = `too long: each of / : @ + counts three, and together they are more than ${FILE_MAX - 5}`
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
    const path = join(this.#context.places.refs, fileOf(name))
    const stat = statSync(path, { throwIfNoEntry: false })
    const found = readJson(path)
    if (stat === undefined || found === undefined) return undefined
    return { name, root: parseRoot(found, 'ref'), changedMs: stat.mtimeMs }
  }

  list(): readonly Ref[] {
    return readdirSync(this.#context.places.refs).flatMap((file) => {
      const name = file.endsWith('.json') ? decodeURIComponent(file.slice(0, -5)) : ''
      const ref = name === '' ? undefined : this.find(name)
      return ref === undefined ? [] : [ref]
    })
  }

  async delete(name: string): Promise<void> {
    rmSync(join(this.#context.places.refs, fileOf(name)), { force: true })
    syncDirectory(this.#context.places.refs)
  }
}
