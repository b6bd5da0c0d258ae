import type { DirectoryJail, JailedFile, NewEntry } from '@caisson/core'
import type { RequestWindow } from './request-window.js'
import type { FoundTarEntry } from './tar-entry.js'

/** What one request may carry of content. */
const WHOLE_BYTES = 256 * 1024

/**
 * A file that is being unpacked. A small one is gathered and made by one request; a large one is made empty, for nobody
 * else to open, and gets its owner, mode and attributes when its content is there: writing takes them away.
 */
export class FileWriting {
  readonly #jail: DirectoryJail
  readonly #window: RequestWindow
  readonly #entry: FoundTarEntry
  readonly #fresh: NewEntry
  readonly #xattrs: readonly (readonly [string, Buffer])[]
  #open: JailedFile | undefined
  #content: Buffer | undefined
  #filled = 0

  constructor(
    jail: DirectoryJail,
    window: RequestWindow,
    entry: FoundTarEntry,
    fresh: NewEntry,
    xattrs: Iterable<readonly [string, Buffer]>,
  ) {
    this.#jail = jail
    this.#window = window
    this.#entry = entry
    this.#fresh = fresh
    this.#xattrs = [...xattrs]
  }

  /** A promise when it has to be open before its content comes. */
  begin(): Promise<void> | undefined {
    const { size, pieces } = this.#entry
    if (size <= WHOLE_BYTES && pieces === undefined) {
      if (size === 0) this.#make(Buffer.alloc(0))
      return undefined
    }
    const { owner: _, times: __, ...bare } = this.#fresh
    this.#window.add(this.#jail.make({ ...bare, mode: 0o600 }), 0)
    return this.#openFile()
  }

  async #openFile(): Promise<void> {
    // what is asked for in vain fails here, so that its own reason is the one to be told
    const opening = this.#jail.open(this.#fresh.path, { access: 'write', follow: false })
    this.#open = await opening.catch(async (error: unknown) => {
      await this.#window.idle()
      throw error
    })
  }

  /** The next of its content; the bytes are done with when this returns. */
  take(offset: number, bytes: Buffer): void {
    if (this.#open !== undefined) return this.#write(this.#open, offset, bytes)
    const { size } = this.#entry
    if (bytes.length === size) return this.#make(bytes)
    this.#content ??= Buffer.allocUnsafe(size)
    this.#filled += bytes.copy(this.#content, this.#filled)
    if (this.#filled === size) this.#make(this.#content)
    return undefined
  }

  /** All of its content came. */
  finish(): void {
    const file = this.#open
    if (file === undefined) return
    const { size, pieces } = this.#entry
    if (pieces !== undefined) this.#window.add(file.set({ size }), 0)
    const { owner, times, mode } = this.#fresh
    if (owner !== undefined) this.#window.add(file.set({ owner }), 0)
    for (const [name, value] of this.#xattrs) this.#window.add(file.setXattr(name, value), 0)
    this.#window.add(file.set({ mode, ...(times && { times }) }), 0)
    this.#window.add(file.close(), 0)
  }

  #make(content: Buffer): void {
    this.#window.add(this.#jail.make({ ...this.#fresh, content }), 512 + content.length)
    for (const [name, value] of this.#xattrs)
      this.#window.add(this.#jail.setXattr(this.#fresh.path, name, value), value.length)
  }

  #write(file: JailedFile, offset: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += WHOLE_BYTES) {
      const part = bytes.subarray(at, at + WHOLE_BYTES)
      const written =
        this.#entry.pieces === undefined ? file.write(part) : file.writeAt(offset + at, part)
      this.#window.add(written, part.length)
    }
  }
}
