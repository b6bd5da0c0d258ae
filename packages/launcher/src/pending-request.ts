import type { KeptContainer } from './kept-container.js'
import type { LaunchedCommand } from './launched-command.js'

/** Something the launcher was asked for and has not answered. */
export interface Pending {
  /** Numbers of the template and plans it refers to. */
  readonly needs: readonly number[]
  /** Keeps the lists reachable, and so the launcher's copies, until the answer. */
  readonly lists: readonly unknown[]
  fail(error: unknown): void
}

/** A command that has not ended. */
export interface PendingCommand extends Pending {
  readonly launched: LaunchedCommand
  /** Of an exec: where it runs. */
  readonly container: KeptContainer | undefined
}

/** A container that does not stand yet. */
export interface PendingContainer extends Pending {
  created(container: KeptContainer): void
}
