import { constants } from 'node:os'
import { fileError, fileFault } from './file-error.js'

/** Turns a failure on the host into the same errors as in the container. */
export async function hostError<T>(path: Uint8Array, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    const syscall: unknown =
      error instanceof Error && 'syscall' in error ? error.syscall : undefined
    const errno: unknown = typeof code === 'string' ? Reflect.get(constants.errno, code) : undefined
    if (typeof errno === 'number')
      throw fileError(errno, typeof syscall === 'string' ? syscall : 'host', path)
    throw fileFault('ERR_FILE_IO', path, String(error), error)
  }
}
