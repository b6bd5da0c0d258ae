import type { FileAccess, FileChanges, FileOpening, FileStatus, FileWatching } from '@caisson/core'
import { DirectOutput } from '../direct-output.js'
import type { LaunchedCommand } from '../launched-command.js'
import type { FileTypes } from '../protocol.generated.js'
import { NONE } from '../protocol.generated.js'
import { FileConnection } from './file-connection.js'
import { openFlags, parseStatus, setFields } from './file-records.js'
import { FileSlots } from './file-slots.js'
import { ServedFile } from './served-file.js'
import { ServedWatching } from './served-watching.js'

/** As many as the C program has. */
const SLOTS = 256

/** A connection and the slots of its server. */
export interface Served {
  readonly connection: FileConnection
  readonly slots: FileSlots
}

/**
 * The files of a container by its file server, which starts with the first call, ends when nobody asks it, and starts
 * again with the next call.
 */
export class FileServer implements FileAccess {
  readonly #launch: () => LaunchedCommand
  #served: Promise<Served> | undefined

  /** @param launch starts a server of this container */
  constructor(launch: () => LaunchedCommand) {
    this.#launch = launch
  }

  async open(path: Uint8Array, how: FileOpening): Promise<ServedFile> {
    const { connection, slots } = await this.connect()
    connection.hold()
    const slot = await slots.take()
    const give = (): void => {
      slots.give(slot)
      connection.release()
    }
    try {
      const body = await connection.request('open', { slot, path, ...openFlags(how) }, path)
      return new ServedFile(connection, slot, path, parseStatus(body), give)
    } catch (error) {
      give()
      throw error
    }
  }

  async stat(path: Uint8Array, follow: boolean): Promise<FileStatus> {
    return parseStatus(await this.ask('stat', { follow: follow ? 1 : 0, path }, path))
  }

  async mkdir(path: Uint8Array, mode: number, recursive: boolean): Promise<void> {
    await this.ask('mkdir', { recursive: recursive ? 1 : 0, mode, path }, path)
  }

  async remove(path: Uint8Array, recursive: boolean): Promise<void> {
    await this.ask('remove', { recursive: recursive ? 1 : 0, path }, path)
  }

  async rename(from: Uint8Array, to: Uint8Array): Promise<void> {
    await this.ask('rename', { from, to }, from)
  }

  async symlink(target: Uint8Array, path: Uint8Array): Promise<void> {
    await this.ask('symlink', { target, path }, path)
  }

  readlink(path: Uint8Array): Promise<Uint8Array> {
    return this.ask('readlink', { path }, path)
  }

  async link(from: Uint8Array, to: Uint8Array): Promise<void> {
    await this.ask('link', { from, to }, to)
  }

  async set(path: Uint8Array, changes: FileChanges, follow: boolean): Promise<void> {
    const values = { slot: NONE, follow: follow ? 1 : 0, path, ...setFields(changes) }
    await this.ask('set', values, path)
  }

  /** By a server of its own: a consumer that is slow keeps nobody else waiting. */
  async watch(): Promise<FileWatching> {
    const launched = this.#launch()
    const output = (launched.output = new DirectOutput())
    return new ServedWatching(await launched.started, output)
  }

  /** One request, whatever it is. */
  async ask<N extends keyof FileTypes>(
    name: N,
    values: FileTypes[N],
    path: Uint8Array,
  ): Promise<Buffer> {
    const { connection } = await this.connect()
    return connection.request(name, values, path)
  }

  /** The server that runs, or a new one. */
  connect(): Promise<Served> {
    if (this.#served === undefined) {
      const served = this.#start(() => {
        if (this.#served === served) this.#served = undefined
      })
      this.#served = served
    }
    return this.#served
  }

  async #start(ended: () => void): Promise<Served> {
    try {
      const launched = this.#launch()
      const output = (launched.output = new DirectOutput())
      const connection = new FileConnection(await launched.started, output, ended)
      return { connection, slots: new FileSlots(SLOTS) }
    } catch (error) {
      ended()
      throw error
    }
  }
}
