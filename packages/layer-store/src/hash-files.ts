import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { hashFile } from './hash-file.js'
import type { HashAnswer } from './hash-worker.js'
import { errnoOf, storeError, throwIfAborted } from './store-error.js'
import type { HashOptions, HashRequest } from './tree-reader.js'

/** One batch for a thread: as much as takes it a few milliseconds. */
const BATCH_FILES = 128
const BATCH_BYTES = 8 << 20
/** Less than a thread's start costs. */
const FEW_FILES = 64
const FEW_BYTES = 4 << 20
/** More would take the machine away from what runs on it. */
const MOST_THREADS = 2

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL'])

type Batch = readonly HashRequest[]

function* batchesOf(files: readonly HashRequest[]): Generator<Batch> {
  let batch: HashRequest[] = []
  let bytes = 0
  for (const file of files) {
    batch.push(file)
    bytes += file.size
    if (batch.length < BATCH_FILES && bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

function sizeOf(files: readonly HashRequest[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}

/** Gathers what comes back, in whatever order. */
class Results {
  readonly digests = new Map<string, string>()
  readonly #options: HashOptions
  #files = 0
  #bytes = 0

  constructor(options: HashOptions) {
    this.#options = options
  }

  /** @throws CaissonError ERR_STORE_IO for what is there and cannot be read */
  take({ path }: HashRequest, digest: string | undefined, errno: string): void {
    if (digest !== undefined) this.digests.set(path, digest)
    else if (!GONE.has(errno)) throw storeError('ERR_STORE_IO', path, errno)
  }

  done(batch: Batch): void {
    this.#files += batch.length
    this.#bytes += sizeOf(batch)
    this.#options.onProgress?.(this.#files, this.#bytes)
  }
}

function hashHere(top: string, files: readonly HashRequest[], results: Results): void {
  for (const file of files) {
    try {
      results.take(file, hashFile(Buffer.from(top + file.path, 'latin1')), '')
    } catch (error) {
      results.take(file, undefined, errnoOf(error) ?? String(error))
    }
  }
  results.done(files)
}

async function hashInThread(
  top: string,
  batches: Iterator<Batch>,
  results: Results,
  options: HashOptions,
): Promise<void> {
  const worker = new Worker(new URL('./hash-worker.js', import.meta.url))
  try {
    for (let next = batches.next(); next.done !== true; next = batches.next()) {
      throwIfAborted(options.signal, 'hash')
      const batch = next.value
      const answered = once(worker, 'message')
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
      worker.postMessage(batch.map(({ path }) => top + path))
      const [answers]: readonly HashAnswer[] = await answered
      for (const [index, file] of batch.entries()) {
        const [digest, errno] = answers?.[index] ?? [undefined, 'no answer']
        results.take(file, digest, errno)
      }
      results.done(batch)
    }
  } finally {
    await worker.terminate()
  }
}

/**
 * sha256 of files below a directory, by path: in threads, since it takes as long as reading them does and more.
 * @throws CaissonError ERR_STORE_IO, ERR_ABORTED
 */
export async function hashFiles(
  directory: string,
  files: readonly HashRequest[],
  options: HashOptions = {},
): Promise<ReadonlyMap<string, string>> {
  throwIfAborted(options.signal, 'hash')
  const results = new Results(options)
  const top = `${Buffer.from(directory).toString('latin1')}/`
  if (files.length <= FEW_FILES && sizeOf(files) <= FEW_BYTES) {
    hashHere(top, files, results)
    return results.digests
  }
  const batches = batchesOf(files)
  const threads = Math.min(MOST_THREADS, availableParallelism())
  const running = Array.from({ length: threads }, () =>
    hashInThread(top, batches, results, options),
  )
  const settled = await Promise.allSettled(running)
  for (const one of settled) if (one.status === 'rejected') throw one.reason
  return results.digests
}
