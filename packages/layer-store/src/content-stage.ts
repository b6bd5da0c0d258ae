import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { hashFile } from './hash-file.js'
import { readChunks } from './read-chunks.js'

/** A piece of a file; between pieces lie holes. */
export interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Content of files that a repair needs, in a directory of this process's own: by digest, so that it is right whatever gave it. */
export class ContentStage {
  readonly #directory: string
  /** What is still wanted: bytes by digest. */
  readonly wanted: Map<string, number>
  readonly #there = new Set<string>()

  constructor(directory: string, wanted: ReadonlyMap<string, number>) {
    mkdirSync(directory, { mode: 0o700 })
    this.#directory = directory
    this.wanted = new Map(wanted)
  }

  has(digest: string): boolean {
    return this.#there.has(digest)
  }

  /** Whether a file of that size may be one that is wanted. */
  wantsSize(size: number): boolean {
    for (const wanted of this.wanted.values()) if (wanted === size) return true
    return false
  }

  /** Takes a file in, if it is wanted; says whether it was. */
  async take(size: number, pieces: AsyncIterable<Piece>): Promise<boolean> {
    const draft = join(this.#directory, 'draft')
    const fd = openSync(draft, 'w', 0o600)
    try {
      for await (const { offset, bytes } of pieces)
        for (let at = 0; at < bytes.length;)
          at += writeSync(fd, bytes, at, bytes.length - at, offset + at)
      ftruncateSync(fd, size)
    } finally {
      closeSync(fd)
    }
    const digest = hashFile(draft)
    if (this.wanted.delete(digest)) {
      renameSync(draft, join(this.#directory, digest))
      this.#there.add(digest)
      return true
    }
    rmSync(draft)
    return false
  }

  /** What was taken in. */
  read(digest: string): AsyncGenerator<Uint8Array> {
    return readChunks(join(this.#directory, digest))
  }
}

/** Chunks one after another, as pieces. */
export async function* asPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let offset = 0
  for await (const bytes of chunks) {
    yield { offset, bytes }
    offset += bytes.length
  }
}
