// A thread that hashes files, batch by batch: hash-files.ts starts it.
import { parentPort } from 'node:worker_threads'
import { hashFile } from './hash-file.js'
import { errnoOf } from './store-error.js'

/** Paths to hash; the answer is a digest or an errno for each, in their order. */
export type HashAnswer = readonly (readonly [digest: string | undefined, errno: string])[]

function answer(path: string): HashAnswer[number] {
  try {
    return [hashFile(Buffer.from(path, 'latin1')), '']
  } catch (error) {
    return [undefined, errnoOf(error) ?? String(error)]
  }
}

parentPort?.on('message', (paths: readonly string[]) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  parentPort?.postMessage(paths.map(answer))
})
