import type { OutputConsumer, OutputTap } from './output-tap.js'

/** Copies a command's output to a stream of the caller's, at that stream's pace, and leaves it open. */
export class OutputSink implements OutputConsumer {
  readonly #tap: OutputTap
  readonly #to: NodeJS.WritableStream
  readonly #onDrain = (): void => this.#tap.drained(this)
  readonly #onError: (error: unknown) => void
  readonly #onClose = (): void => this.#release()

  /** @param failed told once if the stream breaks; the command runs on */
  constructor(tap: OutputTap, to: NodeJS.WritableStream, failed: (error: unknown) => void) {
    this.#tap = tap
    this.#to = to
    this.#onError = (error): void => {
      this.#release()
      failed(error)
    }
    to.on('drain', this.#onDrain).on('error', this.#onError).on('close', this.#onClose)
    tap.attach(this)
  }

  write(chunk: Uint8Array): boolean {
    return !this.#to.writable || this.#to.write(chunk)
  }

  end(): void {
    this.#release()
  }

  #release(): void {
    this.#to.off('drain', this.#onDrain).off('close', this.#onClose)
    // an error of the last write may still come, and nobody else may listen for it
    setImmediate(() => this.#to.off('error', this.#onError))
    this.#tap.detach(this)
  }
}
