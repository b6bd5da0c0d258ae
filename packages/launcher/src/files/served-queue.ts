import type {
  CaissonError,
  FileChanges,
  FilePathBytes,
  JailQueue,
  NewEntry,
  QueuedFile,
} from '@caisson/core'
import { fileError } from '@caisson/core'
import type { FileName, FileTypes } from '../protocol.generated.js'
import { NONE } from '../protocol.generated.js'
import type { FileConnection } from './file-connection.js'
import { openFlags, setFields } from './file-records.js'
import type { FileSlots } from './file-slots.js'
import { makeFields } from './make-fields.js'
import { ServedQueueFile } from './served-queue-file.js'

/** What is asked for by one `settle`. */
const SETTLE_BYTES = 256 * 1024
/** What is under way before its sender should wait: enough for both sides to be busy. */
const MOST_BYTES = 2 * 1024 * 1024
/** That a request costs, whatever is in it. */
const REQUEST_BYTES = 512
const top = Buffer.from('.')
const writing = openFlags({ access: 'write', follow: false })

type Failure = { readonly error: unknown } | undefined

interface Told {
  readonly name: FileName
  readonly path: FilePathBytes
  readonly explain: ((error: CaissonError) => Error) | undefined
}

/** Requests that the server does not answer one by one. */
export class ServedQueue implements JailQueue {
  readonly #connection: FileConnection
  readonly #slots: FileSlots
  #told: Told[] = []
  #bytes = 0
  #underWay = 0
  #failure: Failure
  #wake: (() => void) | undefined

  constructor(connection: FileConnection, slots: FileSlots) {
    this.#connection = connection
    this.#slots = slots
  }

  make(entry: NewEntry, explain?: (error: CaissonError) => Error): void {
    this.tell('make', makeFields(entry), entry.path, entry.content?.length ?? 0, explain)
  }

  setXattr(path: FilePathBytes, name: string, value: Uint8Array): void {
    this.tell('setXattr', { slot: NONE, path, name, value }, path, value.length)
  }

  set(path: FilePathBytes, changes: FileChanges): void {
    this.tell('set', { slot: NONE, follow: 0, path, ...setFields(changes) }, path, 0)
  }

  open(path: FilePathBytes): QueuedFile | Promise<QueuedFile> {
    const slot = this.#slots.take()
    return typeof slot === 'number'
      ? this.#open(path, slot)
      : slot.then((taken) => this.#open(path, taken))
  }

  get full(): boolean {
    return this.#underWay >= MOST_BYTES || this.#failure !== undefined
  }

  flush(): void {
    const told = this.#told
    if (told.length === 0) return
    const bytes = this.#bytes
    this.#told = []
    this.#bytes = 0
    this.#await(this.#connection.request('settle', {}, top), bytes, (answer) =>
      failureOf(told, answer),
    )
  }

  room(): Promise<void> {
    return this.#until(MOST_BYTES / 2)
  }

  idle(): Promise<void> {
    this.flush()
    return this.#until(0)
  }

  /** For its files, too. */
  tell<N extends FileName>(
    name: N,
    values: FileTypes[N],
    path: FilePathBytes,
    bytes: number,
    explain?: (error: CaissonError) => Error,
  ): void {
    this.#connection.tell(name, values)
    this.#told.push({ name, path, explain })
    this.#bytes += REQUEST_BYTES + bytes
    if (this.#bytes >= SETTLE_BYTES) this.flush()
  }

  /** Closes a file, whatever became of the rest: its slot is the next one's. What has failed before is what is told. */
  close(slot: number, path: FilePathBytes): void {
    this.flush()
    this.#await(this.#connection.request('close', { slot }, path), REQUEST_BYTES, () => undefined)
    this.#slots.give(slot)
  }

  #await(answer: Promise<Buffer>, bytes: number, failed: (answer: Buffer) => Failure): void {
    this.#underWay += bytes
    const settled = (failure: Failure): void => {
      this.#underWay -= bytes
      this.#failure ??= failure
      this.#wake?.()
    }
    answer.then(
      (body) => settled(failed(body)),
      (error: unknown) => settled({ error }),
    )
  }

  #open(path: FilePathBytes, slot: number): QueuedFile {
    this.tell('open', { slot, path, ...writing }, path, 0)
    return new ServedQueueFile(this, slot, path)
  }

  async #until(bytes: number): Promise<void> {
    while (this.#underWay > bytes && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

function failureOf(told: readonly Told[], answer: Buffer): Failure {
  const errno = answer.readUInt32LE(4)
  if (errno === 0) return undefined
  const one = told[answer.readUInt32LE(0)]
  const error = fileError(errno, one?.name ?? 'settle', one?.path ?? top)
  return { error: one?.explain?.(error) ?? error }
}
