import { open } from 'node:fs/promises'

const CHUNK = 256 * 1024

/**
 * Content of a file, chunk by chunk, each in memory of its own.
 * @param flags of open(2). Default: to read
 * @throws Error of the file system
 */
export async function* readChunks(
  path: string | Buffer,
  flags?: number,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, flags)
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
