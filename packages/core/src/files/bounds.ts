import type { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { fileFault } from './file-error.js'

/** What a caller may say of how much is too much. */
export interface BoundOptions {
  readonly maxBytes?: number | undefined
  readonly maxEntries?: number | undefined
}

/**
 * What comes out of a container at most, unless the caller says otherwise: a sparse file of a container can be larger than
 * every disk, and its entries, which are listed in memory, as many as its file system has inodes.
 */
export const OUTWARD = Object.freeze({ maxBytes: 16 * 1024 ** 3, maxEntries: 1_000_000 })

/** Counts content and entries against `maxBytes` and `maxEntries`; what is not said, and has no default, is not bounded. */
export class Bounds {
  readonly #path: Uint8Array
  readonly #most: { readonly maxBytes: number; readonly maxEntries: number }
  #bytes = 0
  #entries = 0

  /**
   * @param path what is copied, for the error
   * @throws TypeError ERR_INVALID_SPEC
   */
  constructor(options: BoundOptions, path: Uint8Array, defaults: BoundOptions = {}) {
    this.#path = path
    this.#most = {
      maxBytes: bound('maxBytes', options.maxBytes ?? defaults.maxBytes),
      maxEntries: bound('maxEntries', options.maxEntries ?? defaults.maxEntries),
    }
  }

  /** @throws CaissonError ERR_FILE_LIMIT */
  readonly add = (bytes: number): void => {
    this.#bytes += bytes
    if (this.#bytes > this.#most.maxBytes) throw this.tooMuch()
  }

  /**
   * Whether a file of that size still fits, before any of it is written.
   * @throws CaissonError ERR_FILE_LIMIT
   */
  expect(bytes: number): void {
    if (this.#bytes + bytes > this.#most.maxBytes) throw this.tooMuch()
  }

  /** @throws CaissonError ERR_FILE_LIMIT */
  readonly enter = (): void => {
    this.#entries++
    if (this.#entries > this.#most.maxEntries) throw this.#beyond('maxEntries', 'entries')
  }

  tooMuch(): CaissonError {
    return this.#beyond('maxBytes', 'bytes')
  }

  #beyond(name: keyof BoundOptions, what: string): CaissonError {
    const why = `it has more ${what} than ${name} (${this.#most[name]})`
    return fileFault('ERR_FILE_LIMIT', this.#path, why)
  }
}

function bound(name: keyof BoundOptions, value: unknown): number {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  const is = typeof value === 'number' ? value : describeType(value)
  const why = `must be a whole number, or Infinity, not ${is}`
  throw invalidArgument({ field: `options.${name}`, why })
}
