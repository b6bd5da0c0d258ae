/** What is to be undone, last done first. */
export class UndoStack {
  readonly #steps: (() => Promise<void>)[] = []

  push(undo: () => Promise<void>): void {
    this.#steps.push(undo)
  }

  /** Undoes everything once; a failure does not keep the others from it. Never rejects: it says what failed. */
  async run(): Promise<readonly unknown[]> {
    const failures: unknown[] = []
    for (const undo of this.#steps.splice(0).toReversed()) {
      try {
        await undo()
      } catch (error) {
        failures.push(error)
      }
    }
    return failures
  }
}
