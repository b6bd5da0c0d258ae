import type { FileChanges, FileStatus, JailedFile, ListedFile } from '@caisson/core'
import { fileFault, isCaissonError } from '@caisson/core'
import { NONE } from '../protocol.generated.js'
import type { FileConnection } from './file-connection.js'
import { parseEntries, setFields } from './file-records.js'

const NO_PATH = ''

/** A file that a server holds open in one of its slots. */
export class ServedFile implements JailedFile {
  readonly status: FileStatus
  readonly #connection: FileConnection
  readonly #slot: number
  readonly #path: Uint8Array
  readonly #closed: () => void
  #closing: Promise<void> | undefined

  constructor(
    connection: FileConnection,
    slot: number,
    path: Uint8Array,
    status: FileStatus,
    closed: () => void,
  ) {
    this.#connection = connection
    this.#slot = slot
    this.#path = path
    this.status = status
    this.#closed = closed
  }

  read(offset: number, size: number): Promise<Uint8Array> {
    const values = { slot: this.#number(), offset: BigInt(offset), size }
    return this.#connection.request('read', values, this.#path)
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#connection.request('write', { slot: this.#number(), bytes }, this.#path)
  }

  async writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    const values = { slot: this.#number(), offset: BigInt(offset), bytes }
    await this.#connection.request('writeAt', values, this.#path)
  }

  async setXattr(name: string, value: Uint8Array): Promise<void> {
    const values = { slot: this.#number(), path: NO_PATH, name, value }
    await this.#connection.request('setXattr', values, this.#path)
  }

  async seek(offset: number, what: 'data' | 'hole'): Promise<number | undefined> {
    const data = what === 'data' ? 1 : 0
    const values = { slot: this.#number(), offset: BigInt(offset), data }
    try {
      const body = await this.#connection.request('seek', values, this.#path)
      return Number(body.readBigUInt64LE())
    } catch (error) {
      if (isCaissonError(error) && error.errno === 'ENXIO') return undefined
      throw error
    }
  }

  async list(): Promise<readonly ListedFile[]> {
    const body = await this.#connection.request('list', { slot: this.#number() }, this.#path)
    try {
      return parseEntries(body)
    } catch (error) {
      throw fileFault('ERR_FILE_IO', this.#path, 'its list is malformed', error)
    }
  }

  async set(changes: FileChanges): Promise<void> {
    const values = { slot: this.#number(), follow: 0, path: NO_PATH, ...setFields(changes) }
    await this.#connection.request('set', values, this.#path)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      // With its server, the file is closed already.
      if (this.#connection.alive)
        await this.#connection.request('close', { slot: this.#slot }, this.#path)
    } finally {
      this.#closed()
    }
  }

  /** Once closed, the slot is another file's: a slot that nobody has gives EBADF. */
  #number(): number {
    return this.#closing === undefined ? this.#slot : NONE
  }
}
