import { noHolding } from '@caisson/core'
import type {
  Change,
  Command,
  DetachedLink,
  Holding,
  IsolatedContainer,
  IsolatedDetached,
  LaunchedProcess,
  ProcessEnd,
} from '@caisson/core'

/** A container by plan whose launcher outlives this process. */
export class PlanDetached implements IsolatedDetached {
  readonly #container: IsolatedContainer
  readonly #link: DetachedLink

  constructor(container: IsolatedContainer, link: DetachedLink) {
    this.#container = container
    this.#link = link
  }

  get pid(): number {
    return this.#container.pid
  }

  get gone(): Promise<void> {
    return this.#container.gone
  }

  get whyGone(): string | undefined {
    return this.#container.whyGone
  }

  exec(command: Command): LaunchedProcess {
    return this.#container.exec(command)
  }

  holding(command: Command): Holding {
    return this.#container.holding?.(command) ?? noHolding
  }

  changes(): AsyncIterable<Change> {
    return this.#container.changes()
  }

  stop(): Promise<void> {
    return this.#container.stop()
  }

  remove(): Promise<void> {
    return this.#container.remove()
  }

  firstEnd(signal?: AbortSignal): Promise<ProcessEnd> {
    return this.#link.firstEnd(signal)
  }

  detach(): Promise<void> {
    return this.#link.detach()
  }
}
