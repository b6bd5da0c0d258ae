import type { CaissonError } from '@caisson/core'
import type { Reply } from './codec.js'
import type { RequestName, RequestTypes } from './protocol.generated.js'

/** What a link tells its session. */
export interface LinkEvents {
  reply(reply: Reply): void
  /** The launcher ended, or broke the protocol. Called once, never after `end`. */
  lost(error: CaissonError): void
}

/** Frames to a running launcher and back. It keeps Node alive only while something is held. */
export interface Link {
  /** Whether it can be sent something. */
  readonly alive: boolean
  /** The launcher's process id; -1 when it never ran. */
  readonly pid: number
  send<N extends RequestName>(name: N, request: RequestTypes[N]): void
  /** Replies may be this long from now on. */
  allow(bytes: number): void
  /** Keeps Node alive until `release`. */
  hold(): void
  release(): void
  /** Gives up on a launcher that broke the protocol or does not answer; `lost` follows. */
  abandon(why: string, cause?: unknown): void
  /** Ends the connection, and what lives by it. Settles when it has. */
  end(): Promise<void>
}
