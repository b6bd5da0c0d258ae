import { FRAME_HEADER_BYTES, MalformedFrame } from './codec.js'

/**
 * Cuts a byte stream into frames. A frame inside one chunk is a view of it; one that spans chunks is collected in a
 * buffer of its final size, so that no byte is copied twice.
 */
export class FrameParser {
  readonly #onFrame: (type: number, body: Buffer) => void
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerFill = 0
  #body: Buffer | undefined
  #bodyFill = 0
  #maxBody: number
  readonly #memory: ((type: number, length: number) => Buffer) | undefined

  /** @param memory for bodies, where chunks are gone after `push`: exactly as long as asked for. Default: views, as said */
  constructor(
    maxBody: number,
    onFrame: (type: number, body: Buffer) => void,
    memory?: (type: number, length: number) => Buffer,
  ) {
    this.#maxBody = maxBody
    this.#onFrame = onFrame
    this.#memory = memory
  }

  /** Longest body that is believed; a command that may answer with more raises it beforehand. */
  allow(bytes: number): void {
    if (bytes > this.#maxBody) this.#maxBody = bytes
  }

  /** Whether the stream would end inside a frame. */
  get midFrame(): boolean {
    return this.#headerFill > 0
  }

  /**
   * Takes the next chunk and hands out every frame it completes.
   * @throws MalformedFrame when a length is beyond what was allowed
   */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#body) at = this.#fillBody(this.#body, chunk, at)
      else if (this.#headerFill === 0 && chunk.length - at >= FRAME_HEADER_BYTES)
        at = this.#whole(chunk, at)
      else at = this.#fillHeader(chunk, at)
    }
  }

  #check(length: number): number {
    if (length > this.#maxBody) throw new MalformedFrame(`a frame of ${length} bytes was announced`)
    return length
  }

  #whole(chunk: Buffer, at: number): number {
    const start = at + FRAME_HEADER_BYTES
    const length = this.#check(chunk.readUInt32LE(at))
    if (chunk.length - start < length) return this.#fillHeader(chunk, at)
    const type = chunk.readUInt32LE(at + 4)
    const view = chunk.subarray(start, start + length)
    const body = this.#memory?.(type, length)
    if (body !== undefined) view.copy(body)
    this.#onFrame(type, body ?? view)
    return start + length
  }

  #fillHeader(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + FRAME_HEADER_BYTES - this.#headerFill)
    this.#headerFill += chunk.copy(this.#header, this.#headerFill, at, end)
    if (this.#headerFill === FRAME_HEADER_BYTES) {
      const length = this.#check(this.#header.readUInt32LE(0))
      this.#body =
        this.#memory?.(this.#header.readUInt32LE(4), length) ?? Buffer.allocUnsafeSlow(length)
      this.#bodyFill = 0
      if (this.#body.length === 0) this.#complete(this.#body)
    }
    return end
  }

  #fillBody(body: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + body.length - this.#bodyFill)
    this.#bodyFill += chunk.copy(body, this.#bodyFill, at, end)
    if (this.#bodyFill === body.length) this.#complete(body)
    return end
  }

  #complete(body: Buffer): void {
    this.#body = undefined
    this.#headerFill = 0
    this.#onFrame(this.#header.readUInt32LE(4), body)
  }
}
