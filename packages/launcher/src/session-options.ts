import type { LauncherIdentity } from '@caisson/core'
import type { Hello, MapHelpers } from './identity.js'
import type { LauncherProgram } from './launcher-link.js'
import type { Link, LinkEvents } from './link.js'

/** What a session is opened with. */
export interface SessionOptions {
  readonly program: LauncherProgram
  readonly identity: LauncherIdentity
  readonly hello: Hello
  /** Who writes the maps if the launcher asks for them. */
  readonly helpers: MapHelpers | undefined
}

/** A session with a launcher that runs already. */
export interface AttachOptions {
  readonly identity: LauncherIdentity
  readonly connect: (events: LinkEvents) => Link
  /** Called once, with what ends the wait for other clients. */
  readonly giveUp: (fail: (error: unknown) => void) => void
}
