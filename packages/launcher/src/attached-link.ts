import { closeSync, constants, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { CaissonError } from '@caisson/core'
import { decodeReply, encodeRequest } from './codec.js'
import { FrameParser } from './frame-parser.js'
import type { Link, LinkEvents } from './link.js'
import type { RequestName, RequestTypes } from './protocol.generated.js'

/** Name of the socket in a container's directory. */
export const SOCKET_NAME = 'socket'
/** A result that nobody took comes with all its output, whose bound only its own client knew. */
const MAX_REPLY_BYTES = 2 ** 30

/**
 * Connects to the socket in a directory.
 * @throws Error of the system: ENOENT or ECONNREFUSED when nobody listens
 */
export async function connectIn(directory: string): Promise<Socket> {
  // Through a descriptor of the directory: a path of any length, and never through a link in its place.
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(`/proc/self/fd/${fd}/${SOCKET_NAME}`)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(socket)
      })
    })
  } finally {
    closeSync(fd)
  }
}

/** A connection to a launcher that somebody else may have started. */
export class AttachedLink implements Link {
  readonly pid: number
  readonly #socket: Socket
  readonly #parser: FrameParser
  readonly #events: LinkEvents
  readonly #closed: Promise<void>
  #holds = 0
  #state: 'alive' | 'lost' | 'ending' = 'alive'

  constructor(socket: Socket, pid: number, events: LinkEvents) {
    this.pid = pid
    this.#socket = socket
    this.#events = events
    this.#parser = new FrameParser(MAX_REPLY_BYTES, (type, body) => {
      if (this.#state === 'alive') this.#events.reply(decodeReply(type, body))
    })
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#lose(error.message, error))
    socket.on('close', () => this.#lose('it ended, and what it held with it'))
    socket.unref()
  }

  get alive(): boolean {
    return this.#state === 'alive'
  }

  send<N extends RequestName>(name: N, request: RequestTypes[N]): void {
    if (this.#state === 'alive') this.#socket.write(encodeRequest(name, request))
  }

  allow(_bytes: number): void {
    // everything is allowed that a launcher of this user may say
  }

  hold(): void {
    if (++this.#holds === 1) this.#socket.ref()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.unref()
  }

  abandon(why: string, cause?: unknown): void {
    this.#lose(why, cause)
  }

  async end(): Promise<void> {
    if (this.#state === 'alive') this.#state = 'ending'
    this.#socket.ref()
    // what was written still arrives; who waits behind another client gets no answer to wait for
    this.#socket.destroySoon()
    await this.#closed
  }

  #receive(chunk: Buffer): void {
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.#lose(
        `it broke the protocol (${error instanceof Error ? error.message : String(error)})`,
        error,
      )
    }
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#state !== 'alive') return
    this.#state = 'lost'
    this.#socket.destroy()
    this.#events.lost(
      new CaissonError({
        code: 'ERR_LAUNCHER_GONE',
        what: 'launcher',
        subject: `pid ${this.pid}`,
        why,
        cause,
      }),
    )
  }
}
