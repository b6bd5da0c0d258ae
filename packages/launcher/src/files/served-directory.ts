import type {
  CopiedPart,
  DirectoryJail,
  FileAccess,
  FileOpening,
  FileSystemSpace,
  FoundEntry,
  JailedFile,
  JailQueue,
  LauncherIdentity,
  NewEntry,
  WalkEvent,
  WalkOptions,
} from '@caisson/core'
import { CaissonError, fileFault } from '@caisson/core'
import { MalformedFrame } from '../codec.js'
import { LaunchedCommand } from '../launched-command.js'
import { NONE } from '../protocol.generated.js'
import type { FileConnection } from './file-connection.js'
import { parseFound } from './file-records.js'
import { FileServer, type Served } from './file-server.js'
import { makeFields } from './make-fields.js'
import { ServedQueue } from './served-queue.js'
import { FileSlots } from './file-slots.js'
import { walkDirectory } from './walk-directory.js'

/** As the C program has it: more than this does not come with a status. */
const MOST_CONTENT = 96 * 1024
const MOST_WALKS = 16
/** A directory of the host behind a file server that nobody else asks. Made anew, never started again. */
export class ServedDirectory implements DirectoryJail {
  readonly identity: LauncherIdentity
  readonly copy?: (part: CopiedPart) => Promise<void>
  readonly #server: FileServer
  readonly #connection: FileConnection
  readonly #slots: FileSlots
  readonly #walks = new FileSlots(MOST_WALKS)

  private constructor(
    identity: LauncherIdentity,
    server: FileServer,
    served: Served,
    hasOutput: boolean,
  ) {
    const { connection, slots } = served
    if (hasOutput) this.copy = (part) => copyPart(connection, part)
    this.identity = identity
    this.#server = server
    this.#connection = connection
    this.#slots = slots
    // it stays, whether asked or not
    connection.hold()
  }

  /**
   * Waits until it has started and answers.
   * @throws CaissonError ERR_LAUNCH, ERR_LAUNCHER_GONE
   */
  static async open(
    launched: LaunchedCommand,
    identity: LauncherIdentity,
    directory: string,
    hasOutput: boolean,
  ): Promise<ServedDirectory> {
    let next: LaunchedCommand | undefined = launched
    const server = new FileServer(() => {
      const first = next ?? new LaunchedCommand()
      if (next === undefined) first.fail(endedError(directory))
      next = undefined
      return first
    })
    const served = new ServedDirectory(identity, server, await server.connect(), hasOutput)
    try {
      // What it could not do in there is an exit code only; whoever opens it has to know now.
      await served.space()
    } catch (cause) {
      const { exitCode } = await launched.ended
      throw jailError(directory, exitCode, cause)
    }
    return served
  }

  get files(): FileAccess {
    return this.#server
  }

  async make(entry: NewEntry): Promise<void> {
    await this.#connection.request('make', makeFields(entry), entry.path)
  }

  queue(): JailQueue {
    return new ServedQueue(this.#connection, this.#slots)
  }

  async get(path: Uint8Array, maxContent = 0): Promise<FoundEntry> {
    const max = Math.min(maxContent, MOST_CONTENT)
    const body = await this.#connection.request('get', { max, path }, path)
    try {
      return parseFound(body, max)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      throw fileFault('ERR_FILE_IO', path, 'its description is malformed', error)
    }
  }

  walk(options: WalkOptions = {}): AsyncGenerator<readonly WalkEvent[], void, void> {
    return walkDirectory(this.#connection, this.#walks, options)
  }

  async setXattr(path: Uint8Array, name: string, value: Uint8Array): Promise<void> {
    await this.#connection.request('setXattr', { slot: NONE, path, name, value }, path)
  }

  open(path: Uint8Array, how: FileOpening): Promise<JailedFile> {
    return this.#server.open(path, how)
  }

  async sync(): Promise<void> {
    await this.#connection.request('sync', {}, Buffer.from('/'))
  }

  async space(): Promise<FileSystemSpace> {
    const body = await this.#connection.request('space', {}, Buffer.from('/'))
    const word = (index: number): number => Number(body.readBigUInt64LE(8 * index))
    return {
      type: word(0),
      totalBytes: word(1) * word(2),
      availableBytes: word(1) * word(4),
      totalInodes: word(5),
      freeInodes: word(6),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.end(new CaissonError({ code: 'ERR_DISPOSED', what: 'directory' }))
    return Promise.resolve()
  }
}

async function copyPart(connection: FileConnection, part: CopiedPart): Promise<void> {
  const { path, from, to, size, bytes } = part
  const values = { to: BigInt(to), from: BigInt(from), size: BigInt(size), path, bytes }
  await connection.request('copy', values, path)
}

function endedError(directory: string): CaissonError {
  return new CaissonError({
    code: 'ERR_FILE_IO',
    what: 'directory',
    subject: directory,
    why: 'what served it ended',
  })
}

/** The worker's exit code is the errno of what it could not do. */
function jailError(directory: string, errno: number | null, cause: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_LAUNCH',
    what: 'directory',
    subject: directory,
    syscall: 'pivot_root',
    errno: errno ?? undefined,
    cause,
  })
}
