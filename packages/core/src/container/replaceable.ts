import type { FileAccess } from '../contracts/file-access.js'
import type { IsolatedContainer } from '../contracts/isolation-driver.js'
import type { Holding } from '../contracts/holding.js'
import type { Command, LaunchedProcess } from '../contracts/process.js'
import type { ContainerNotice, Watch } from '../contracts/resource-limiter.js'
import type { Change } from '../result/change.js'

/** A container of an isolation driver's that can give way to another one: what it is part of stays the same. */
export class ReplaceableContainer implements IsolatedContainer {
  #current: IsolatedContainer
  #tell: ((notice: ContainerNotice) => void) | undefined
  /** There if and only if the first has it, as every one of a driver has. */
  readonly watch?: Watch
  readonly holding?: (command: Command) => Holding
  readonly files?: () => FileAccess
  readonly copyWrites?: (directory: string) => Promise<void>
  readonly seal?: () => Promise<void>

  constructor(first: IsolatedContainer) {
    this.#current = first
    if (first.watch !== undefined) {
      this.watch = (tell) => {
        this.#tell = tell
        this.#current.watch?.(tell)
      }
    }
    if (first.holding !== undefined)
      this.holding = (command) => present(this.#current.holding?.(command))
    if (first.files !== undefined) this.files = () => present(this.#current.files?.())
    if (first.copyWrites !== undefined)
      this.copyWrites = (directory) => present(this.#current.copyWrites?.(directory))
    if (first.seal !== undefined) this.seal = () => present(this.#current.seal?.())
  }

  get pid(): number {
    return this.#current.pid
  }

  /** Of the one that is there now. */
  get gone(): Promise<void> {
    return this.#current.gone
  }

  get whyGone(): string | undefined {
    return this.#current.whyGone
  }

  exec(command: Command): LaunchedProcess {
    return this.#current.exec(command)
  }

  changes(since?: string): AsyncIterable<Change> {
    return this.#current.changes(since)
  }

  stop(): Promise<void> {
    return this.#current.stop()
  }

  remove(): Promise<void> {
    return this.#current.remove()
  }

  /** From now on it is that one; the one before is to be removed already. */
  replace(next: IsolatedContainer): void {
    this.#current = next
    if (this.#tell !== undefined) next.watch?.(this.#tell)
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('its containers are not alike')
  return value
}
