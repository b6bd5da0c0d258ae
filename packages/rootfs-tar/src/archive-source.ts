import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Digest } from '@caisson/layer-store'
import { errnoOf, tarError } from './tar-error.js'

/** An archive as it comes: a stream of Node's (`fs.createReadStream`, `process.stdin`), a web stream, or a generator. */
export type ArchiveBytes = AsyncIterable<Uint8Array>

/** An archive that is no file. */
export interface NamedArchive {
  /** Called when it has to be read. */
  readonly open: () => ArchiveBytes | Promise<ArchiveBytes>
  /**
   * SHA-256 of the archive as it comes, compressed or not. Anything else is refused (ERR_DIGEST_MISMATCH), and what was unpacked
   * before, by any process, is found without opening it. Default: any content; opened once by each driver.
   */
  readonly digest?: Digest
}

/** An archive that can be read, once. */
export interface OpenArchive extends AsyncDisposable {
  readonly subject: string
  /** Bytes; undefined: nobody knows. */
  readonly size: number | undefined
  readonly digest: Digest | undefined
  bytes(): ArchiveBytes
  /**
   * After the last byte.
   * @throws CaissonError ERR_ROOTFS_INVALID when it changed while it was read
   */
  check(): Promise<void>
}

const FIX = 'Write `tar:` and the path of an archive, or a name of `tarRootfs({ archives })`.'
/** Coarsest clock of a file system: a file older than this and written to again has another time. */
const TICK_MS = 20

const codes: Readonly<Record<string, readonly ['ERR_ROOTFS_NOT_FOUND', string]>> = {
  ENOENT: ['ERR_ROOTFS_NOT_FOUND', 'it, or what it links to, does not exist'],
  ENOTDIR: ['ERR_ROOTFS_NOT_FOUND', 'what lies above it is no directory'],
}

function cannotOpen(path: string, error: unknown): Error {
  const errno = errnoOf(error) ?? 'unknown error'
  const [code, why] = codes[errno] ?? ['ERR_ROOTFS_INVALID', `it cannot be read (${errno})`]
  return tarError(code, path, why, FIX, error)
}

/** All by which a change shows; a change of its content changes ctime, which nobody can set. */
function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

function shortHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)
}

/** An archive in a file, open. */
export class ArchiveFile implements OpenArchive {
  readonly subject: string
  readonly size: number
  readonly digest = undefined
  /** Equal for the same path. */
  readonly place: string
  /** Equal as long as the file is unchanged. */
  readonly stamp: string
  readonly #file: FileHandle
  readonly #stat: BigIntStats

  private constructor(path: string, file: FileHandle, stat: BigIntStats) {
    this.subject = path
    this.#file = file
    this.#stat = stat
    this.size = Number(stat.size)
    this.place = shortHash(path)
    this.stamp = shortHash(stampOf(stat))
  }

  /** @throws CaissonError ERR_ROOTFS_NOT_FOUND, ERR_ROOTFS_INVALID */
  static async open(reference: string): Promise<ArchiveFile> {
    if (reference === '') throw tarError('ERR_ROOTFS_INVALID', 'tar:', 'it names nothing', FIX)
    if (reference.includes('\0'))
      throw tarError('ERR_ROOTFS_INVALID', 'tar:', 'the path contains a NUL byte', FIX)
    const path = resolve(reference)
    // a FIFO would be waited for
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
    const file = await open(path, flags).catch((error: unknown) => {
      throw cannotOpen(path, error)
    })
    try {
      const stat = await file.stat({ bigint: true })
      if (stat.isFile()) return new ArchiveFile(path, file, stat)
      const fix = stat.isDirectory()
        ? `Write \`dir:${path}\`.`
        : 'Give it as a stream: `tarRootfs({ archives })`.'
      throw tarError('ERR_ROOTFS_INVALID', path, 'it is no regular file', fix)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async *bytes(): ArchiveBytes {
    // what is written within the same tick of the clock as the last time would not show in it
    const age = Date.now() - Number(this.#stat.ctimeMs)
    if (age >= 0 && age < TICK_MS) await delay(TICK_MS - age)
    const { archiveFile } = await import('@caisson/tar')
    yield* archiveFile(this.#file)
  }

  async check(): Promise<void> {
    if (stampOf(await this.#file.stat({ bigint: true })) === stampOf(this.#stat)) return
    const fix = 'Try again when it is complete.'
    throw tarError('ERR_ROOTFS_INVALID', this.subject, 'it changed while it was read', fix)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

/** A stream, opened. */
export function archiveStream(
  subject: string,
  bytes: ArchiveBytes,
  digest: Digest | undefined,
): OpenArchive {
  return {
    subject,
    size: undefined,
    digest,
    bytes: () => bytes,
    check: async () => {},
    // one of Node's holds a descriptor, whether it was read or not
    [Symbol.asyncDispose]: async () => {
      if ('destroy' in bytes && typeof bytes.destroy === 'function') bytes.destroy()
    },
  }
}
