import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK = 1 << 20
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
let buffer: Buffer | undefined

/**
 * sha256 of a regular file in hexadecimal.
 * @throws Error with the errno as `code`; also when it is no regular file (ELOOP, EINVAL)
 */
export function hashFile(path: string | Buffer): string {
  const fd = openSync(path, FLAGS)
  try {
    if (!fstatSync(fd).isFile())
      throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' })
    buffer ??= Buffer.allocUnsafeSlow(CHUNK)
    const hash = createHash('sha256')
    for (;;) {
      const size = readSync(fd, buffer, 0, CHUNK, null)
      if (size === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, size))
    }
  } finally {
    closeSync(fd)
  }
}
