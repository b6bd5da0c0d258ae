import type { Unpacked } from '@caisson/tar'

/** How far a root is that is made of an archive. */
export interface TarProgress {
  /**
   * `exists`: it was unpacked before, nothing is to be done; `unpack`: it is being read and unpacked; `publish`: all of it is
   * there, and it is written to the disk; `done`: the root is there.
   */
  readonly phase: 'exists' | 'unpack' | 'publish' | 'done'
  /** The archive: its path, or the name of a stream. */
  readonly subject: string
  /** Of the archive, as it comes, that were read. */
  readonly bytes: number
  /** Entries unpacked. */
  readonly count: number
  /** Bytes that the archive has; 0: nobody knows, it is a stream. */
  readonly total: number
  /** With `done`: what was unpacked, and what of it is not as the archive has it (owners, devices, attributes). */
  readonly unpacked?: Unpacked
}

/** How often is enough for eyes. */
const INTERVAL_MS = 100

/** Tells of an archive; of what goes on for long, ten times a second. */
export class ProgressTeller {
  readonly #tell: ((progress: TarProgress) => void) | undefined
  readonly #subject: string
  readonly #total: number
  #last = Number.NEGATIVE_INFINITY
  #bytes = 0
  #count = 0

  constructor(
    tell: ((progress: TarProgress) => void) | undefined,
    archive: { readonly subject: string; readonly size: number | undefined },
  ) {
    this.#tell = tell
    this.#subject = archive.subject
    this.#total = archive.size ?? 0
  }

  read(bytes: number): void {
    this.#bytes += bytes
  }

  unpacked(count: number): void {
    this.#count = count
    const now = performance.now()
    if (now - this.#last < INTERVAL_MS) return
    this.#last = now
    this.say('unpack')
  }

  say(phase: TarProgress['phase'], unpacked?: Unpacked): void {
    this.#tell?.({
      phase,
      subject: this.#subject,
      bytes: this.#bytes,
      count: this.#count,
      total: this.#total,
      ...(unpacked === undefined ? {} : { unpacked }),
    })
  }
}
