import type { FileHandle } from 'node:fs/promises'
import { compressionOf } from './decompress.js'

/** What a processor keeps close at hand on its way from here to the jail. */
const CHUNK = 256 * 1024

/**
 * Bytes of an archive in a file, from its start, for `decompress`. The next chunk is read while one is worked on. Of an archive
 * that is not compressed a chunk holds good until the next one is asked for: its memory is used again; whoever unpacks it is
 * done with it by then. Getting and giving back such memory costs Node more than all that it reads of the archive.
 */
export async function* archiveFile(file: FileHandle): AsyncGenerator<Uint8Array, void, void> {
  let at = 0
  const read = async (into: Buffer): Promise<Buffer> => {
    const { bytesRead } = await file.read(into, 0, into.length, at)
    at += bytesRead
    return into.subarray(0, bytesRead)
  }
  let [current, next] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)]
  let reading = read(current)
  let again: boolean | undefined
  for (;;) {
    const chunk = await reading
    if (chunk.length === 0) return
    again ??= compressionOf(chunk) === 'none'
    reading = read(next)
    // nobody waits for it when the reader leaves
    reading.catch(() => {})
    yield chunk
    ;[current, next] = [next, again ? current : Buffer.allocUnsafeSlow(CHUNK)]
  }
}
