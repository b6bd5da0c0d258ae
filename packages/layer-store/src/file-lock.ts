import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireProgram } from '@caisson/core'
import { storeError, throwIfAborted } from './store-error.js'

/** How a lock is taken. */
export interface LockOptions {
  /** `shared`: together with others who do the same. */
  readonly mode: 'shared' | 'exclusive'
  /** How long to try, in milliseconds; 0: once. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

const CONFLICT = 1
const LONGEST_PAUSE_MS = 100

/**
 * flock(2) on an open descriptor. Node has no such call: util-linux's flock(1) is handed the descriptor and locks the open
 * file description, which stays locked when it has ended, until the last copy of the descriptor is closed. So the kernel
 * frees it whatever becomes of this process.
 */
function flock(fd: number, mode: LockOptions['mode']): Promise<boolean> {
  const program = requireProgram('flock', 'util-linux')
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-n', mode === 'shared' ? '-s' : '-x', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      env: {},
      cwd: '/',
    })
    const words: Buffer[] = []
    child.stderr?.on('data', (data: Buffer) => words.push(data))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 || code === CONFLICT) resolve(code === 0)
      else
        reject(
          storeError('ERR_STORE_IO', program, Buffer.concat(words).toString().trim() || 'failed'),
        )
    })
  })
}

/** A lock on a file or directory; held until `release` or the end of this process, however it ends. */
export class FileLock {
  readonly #fd: number
  #released = false

  private constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Takes the lock of an existing file or directory.
   * @returns undefined when somebody else holds it, or when it is gone
   * @throws CaissonError ERR_TOOL_MISSING, ERR_STORE_IO, ERR_ABORTED
   */
  static async take(path: string, options: LockOptions): Promise<FileLock | undefined> {
    const until = Date.now() + (options.timeoutMs ?? 0)
    for (let pause = 5; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      throwIfAborted(options.signal, 'lock')
      const lock = await FileLock.#try(path, options.mode)
      if (lock !== undefined || Date.now() >= until) return lock
      await sleep(pause)
    }
  }

  static async #try(path: string, mode: LockOptions['mode']): Promise<FileLock | undefined> {
    let fd: number
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch {
      return undefined
    }
    try {
      const mine = await flock(fd, mode)
      // whoever removes a file does so with its lock held: what was locked may have no name any more
      const is = statSync(path, { throwIfNoEntry: false, bigint: true })
      const was = fstatSync(fd, { bigint: true })
      if (mine && is?.ino === was.ino && is.dev === was.dev) return new FileLock(fd)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(fd)
    return undefined
  }

  /** Idempotent. */
  release(): void {
    if (this.#released) return
    this.#released = true
    closeSync(this.#fd)
  }
}
