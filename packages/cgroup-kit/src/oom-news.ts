import type { ContainerNotice, ParsedLimits } from '@caisson/core'

/** Tells of each kill for want of memory once. */
export class OomNews {
  #tell: ((notice: ContainerNotice) => void) | undefined
  #told = 0

  begin(tell: (notice: ContainerNotice) => void): void {
    this.#tell = tell
  }

  /**
   * Tells of those that were not told of.
   * @param count how many there were until now, and the limits that they met; asked only where somebody listens
   */
  look(count: () => { readonly kills: number; readonly effective: ParsedLimits }): void {
    if (this.#tell === undefined) return
    const { kills, effective } = count()
    const what = `memory ${String(effective.memory?.max ?? 'of a group above')}`
    for (; this.#told < kills; this.#told++) this.#tell({ kind: 'oom', what })
  }
}
