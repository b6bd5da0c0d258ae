import type { Launcher } from '@caisson/core'
import type { Layer, LayerStore } from '@caisson/layer-store'
import type { TarLimits, Unpacked } from '@caisson/tar'
import {
  ArchiveFile,
  archiveStream,
  type NamedArchive,
  type OpenArchive,
} from './archive-source.js'
import {
  keepForDigest,
  keepForFile,
  layerOfContent,
  layerOfDigest,
  layerOfFile,
} from './known-layers.js'
import { ProgressTeller, type TarProgress } from './progress.js'
import { throwIfAborted } from './tar-error.js'
import { parseBytes } from './tar-options.js'

/** What archives are unpacked with, and into. */
export interface ImportTools {
  readonly store: LayerStore
  readonly launcher: Launcher
}

/** How an archive is imported. */
export interface ImportOptions {
  /** What an archive may ask for; default as in `unpackTar`. */
  readonly limits?: Partial<TarLimits>
  readonly signal?: AbortSignal
  /** Told how far it is, at most ten times a second. */
  readonly onProgress?: (progress: TarProgress) => void
  /** What to call a stream in messages. Default `stream`. */
  readonly name?: string
}

/** An archive in a store. */
export interface ImportedTar {
  /** Its id is that of the archive without compression; it stays as long as this process has the store open, or it has a name. */
  readonly layer: Layer
  /** What was unpacked, and what of it is not as the archive has it; undefined: the layer was there. */
  readonly unpacked: Unpacked | undefined
}

type Job = ImportTools & { readonly options: ImportOptions; readonly signal: AbortSignal }

async function unpack(
  archive: OpenArchive,
  { store, launcher, options, signal }: Job,
): Promise<ImportedTar> {
  const teller = new ProgressTeller(options.onProgress, archive)
  const { limits } = options
  // whoever imports this pays for archives when there is one to read
  const { unpackLayer } = await import('./unpack-layer.js')
  const imported = await unpackLayer(archive, { store, launcher, limits, signal, teller })
  teller.say('done', imported.unpacked)
  return imported
}

function exists(
  layer: Layer,
  archive: { subject: string; size: number | undefined },
  { options }: Job,
): ImportedTar {
  const teller = new ProgressTeller(options.onProgress, archive)
  teller.say('exists')
  teller.say('done')
  return { layer, unpacked: undefined }
}

async function importFile(path: string, job: Job): Promise<ImportedTar> {
  await using file = await ArchiveFile.open(path)
  const { store, signal } = job
  const known = layerOfFile(store, file)
  if (known !== undefined) return exists(known, file, job)
  const same = await layerOfContent(store, file, signal)
  const imported = same === undefined ? await unpack(file, job) : exists(same, file, job)
  await keepForFile(store, file, imported.layer)
  return imported
}

async function importStream({ open, digest }: NamedArchive, job: Job): Promise<ImportedTar> {
  const { store, options } = job
  const subject = options.name ?? 'stream'
  const known = digest === undefined ? undefined : layerOfDigest(store, digest)
  if (known !== undefined) return exists(known, { subject, size: undefined }, job)
  await using stream = archiveStream(subject, parseBytes(await open(), subject), digest)
  const imported = await unpack(stream, job)
  if (digest !== undefined) await keepForDigest(store, digest, imported.layer)
  return imported
}

/**
 * Unpacks an archive, whatever it is packed with, into a layer of a store, and keeps the archive as a blob beside it. Nothing of it
 * is trusted. A file that is as it was, or an archive whose digest is given, is not read again.
 * @param archive path of a file, or a stream
 * @throws CaissonError ERR_ROOTFS_NOT_FOUND, ERR_ROOTFS_INVALID (no regular file, unreadable, changed meanwhile),
 * ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_UNSAFE, ERR_ARCHIVE_LIMIT, ERR_DIGEST_MISMATCH, ERR_STORE_*, ERR_FILE_*, ERR_ABORTED; what a stream
 * fails with. Nothing is left behind then. RangeError ERR_INVALID_SPEC (limits)
 */
export async function importTar(
  tools: ImportTools,
  archive: string | NamedArchive,
  options: ImportOptions = {},
): Promise<ImportedTar> {
  const name = typeof archive === 'string' ? archive : (options.name ?? 'stream')
  throwIfAborted(options.signal, name)
  const signal = options.signal ?? new AbortController().signal
  const job = { ...tools, options, signal }
  return typeof archive === 'string' ? importFile(archive, job) : importStream(archive, job)
}
