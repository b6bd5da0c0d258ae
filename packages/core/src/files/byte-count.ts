import type { CaissonError } from '../errors/caisson-error.js'
import { fileFault } from './file-error.js'

/** Counts content against `maxBytes`. */
export class ByteCount {
  readonly #most: number
  readonly #path: Uint8Array
  #bytes = 0

  constructor(most: number | undefined, path: Uint8Array) {
    this.#most = most ?? Number.POSITIVE_INFINITY
    this.#path = path
  }

  /** @throws CaissonError ERR_FILE_LIMIT */
  readonly add = (bytes: number): void => {
    this.#bytes += bytes
    if (this.#bytes > this.#most) throw this.tooMuch()
  }

  tooMuch(): CaissonError {
    return fileFault('ERR_FILE_LIMIT', this.#path, `it is more than maxBytes (${this.#most})`)
  }
}
