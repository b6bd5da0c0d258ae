import { createHash, randomUUID } from 'node:crypto'
import type { DirectoryJail, Launcher } from '@caisson/core'
import type { Layer, LayerStore } from '@caisson/layer-store'
import { decompress, unpackTar, type TarLimits, type Unpacked } from '@caisson/tar'
import { abortable } from './abortable.js'
import type { OpenArchive } from './archive-source.js'
import type { ProgressTeller } from './progress.js'
import { inArchive, tarError, throwIfAborted } from './tar-error.js'

/** What an archive is unpacked with. */
export interface LayerUnpacking {
  readonly store: LayerStore
  readonly launcher: Launcher
  readonly limits: Partial<TarLimits> | undefined
  readonly signal: AbortSignal
  readonly teller: ProgressTeller
}

async function jailOf(launcher: Launcher, directory: string): Promise<DirectoryJail> {
  const jail = await launcher.jail?.(directory)
  if (jail !== undefined) return jail
  const why = 'the launcher registered in this scope serves no directories'
  throw tarError('ERR_UNSUPPORTED', 'tar:', why, 'Use that of @caisson/launcher.')
}

async function* each(
  bytes: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
  atEnd: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of bytes) {
    see(chunk)
    yield chunk
  }
  atEnd()
}

/**
 * Reads an archive once: it goes into a blob as it comes and, unpacked, into a layer whose name is the digest of what came out.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_UNSAFE, ERR_ARCHIVE_LIMIT, ERR_DIGEST_MISMATCH, ERR_ROOTFS_INVALID,
 * ERR_STORE_*, ERR_FILE_*, ERR_ABORTED. Nothing is left behind then.
 */
export async function unpackLayer(
  archive: OpenArchive,
  { store, launcher, limits, signal, teller }: LayerUnpacking,
): Promise<{ readonly layer: Layer; readonly unpacked: Unpacked | undefined }> {
  const { subject, digest } = archive
  let unpacked: Unpacked | undefined
  const ingest = await store.blobs.begin(
    `tar ${randomUUID()}`,
    digest === undefined ? {} : { digest },
  )
  try {
    const layer = await store.layers.publishUnknown({
      signal,
      fill: async ({ diff }) => {
        await using jail = await jailOf(launcher, diff)
        const hash = createHash('sha256')
        let plain = false
        let whole = false
        const packed = each(
          abortable(archive.bytes(), signal, subject),
          (chunk) => {
            ingest.append(chunk)
            teller.read(chunk.length)
          },
          () => {
            whole = true
          },
        )
        const reading = { signal, ...(limits === undefined ? {} : { limits }) }
        const found = (compression: string): void => {
          plain = compression === 'none'
        }
        const tar = each(
          decompress(packed, { ...reading, onCompression: found }),
          // of what is not packed the blob has the digest already
          (chunk) => void (plain || hash.update(chunk)),
          () => {},
        )
        const onProgress = ({ entries }: { readonly entries: number }): void =>
          teller.unpacked(entries)
        unpacked = await unpackTar(tar, jail, { ...reading, onProgress })
        if (!whole) {
          const fix = 'Make the archive again, and nothing behind it.'
          const why = 'something follows the end of its compressed data'
          throw tarError('ERR_ARCHIVE_CORRUPT', subject, why, fix)
        }
        await archive.check()
        teller.say('publish')
        throwIfAborted(signal, subject)
        const blob = (await ingest.commit()).digest
        return { blob, diffId: plain ? blob : `sha256:${hash.digest('hex')}` }
      },
    })
    return { layer, unpacked }
  } catch (error) {
    throw inArchive(error, subject)
  } finally {
    ingest.discard()
  }
}
