import type { Exec } from '@caisson/core'
import assert from 'node:assert/strict'

/** Somebody at a terminal: reads what it shows, and types. Started in the tick of the call. */
export class Conversation {
  readonly #exec: Exec
  readonly #stream: NodeJS.ReadableStream
  readonly #stdin: NodeJS.WritableStream
  #seen = ''
  #all = ''
  #ended = false
  #heard: () => void = () => {}

  constructor(exec: Exec) {
    this.#exec = exec
    this.#stdin = exec.stdin
    this.#stream = exec.stdout
    this.#stream.on('data', (chunk: Uint8Array) => {
      const text = Buffer.from(chunk).toString()
      this.#seen += text
      this.#all += text
      this.#heard()
    })
    this.#stream.on('end', () => {
      this.#ended = true
      this.#heard()
    })
  }

  type(text: string): void {
    this.#stdin.write(text)
  }

  /** No more will be typed. */
  end(text = ''): void {
    this.#stdin.end(text)
  }

  /** Waits until the terminal has shown that, after what was waited for before. */
  async until(text: string): Promise<void> {
    for (;;) {
      const at = this.#seen.indexOf(text)
      if (at >= 0) {
        this.#seen = this.#seen.slice(at + text.length)
        return
      }
      if (this.#ended)
        assert.fail(`ended without ${JSON.stringify(text)}: ${JSON.stringify(this.#all)}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  get exec(): Exec {
    return this.#exec
  }
}
