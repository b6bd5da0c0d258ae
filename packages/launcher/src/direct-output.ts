/** What a processor keeps close at hand: larger, and what is read has left it before it is looked at. */
const READ_BYTES = 256 * 1024

/**
 * A command's stdout, read into one buffer that is used again: getting memory for each read, and giving it back, costs Node
 * more than the reading. Set on a command before it starts.
 */
export class DirectOutput {
  readonly buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  /** Told of what was read; the bytes are gone when it returns. */
  onBytes: (bytes: Buffer) => void = () => {}

  /** As `Socket` takes it. */
  get onread() {
    const { buffer } = this
    return {
      buffer,
      callback: (size: number): boolean => {
        this.onBytes(buffer.subarray(0, size))
        return true
      },
    }
  }
}
