/** A group of a command that has ended. */
export interface RetiredGroup {
  /** False: somebody is in there. */
  tryRemove(): boolean
  /** Waits for those who are about to leave. */
  remove(): Promise<void>
  /** Settles when all in it are told to die. */
  kill(): Promise<void>
}

/** Who should have killed what is in it has not, if it is not empty. */
async function removeWhole(group: RetiredGroup): Promise<void> {
  if (group.tryRemove()) return
  await group.kill()
  await group.remove()
}

/** Groups whose commands have ended, removed when there is nothing else to do. */
export class RetiredGroups {
  readonly #waiting: RetiredGroup[] = []
  readonly #leaving = new Set<Promise<void>>()
  readonly #failures: unknown[] = []
  #idle: NodeJS.Immediate | undefined

  add(group: RetiredGroup): void {
    this.#waiting.push(group)
    this.#idle ??= setImmediate(() => this.#remove())
  }

  #remove(): void {
    clearImmediate(this.#idle)
    this.#idle = undefined
    for (const group of this.#waiting.splice(0)) {
      const left = removeWhole(group).catch((error: unknown) => {
        this.#failures.push(error)
      })
      this.#leaving.add(left)
      void left.then(() => this.#leaving.delete(left))
    }
  }

  /**
   * Settles when all are gone.
   * @returns what failed, until now
   */
  async gone(): Promise<readonly unknown[]> {
    this.#remove()
    await Promise.all(this.#leaving)
    return this.#failures
  }
}
