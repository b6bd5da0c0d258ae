import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the host that swaps two names as fast as it can. */
export class Swapper {
  readonly #ended: Promise<unknown>
  readonly #stop: () => void
  #swaps = 0

  private constructor(ended: Promise<unknown>, stop: () => void) {
    this.#ended = ended
    this.#stop = stop
  }

  static async start(attacker: string, one: string, other: string): Promise<Swapper> {
    const child = spawn(attacker, ['swap', one, other], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(child.stdout)
    const swapper = new Swapper(once(child, 'close'), () => child.kill('SIGTERM'))
    const ready = once(lines, 'line')
    lines.on('line', (line) => {
      if (line.startsWith('swaps\t')) swapper.#swaps = Number(line.split('\t')[1])
    })
    await ready
    return swapper
  }

  /** @returns how often it swapped */
  async stop(): Promise<number> {
    this.#stop()
    await this.#ended
    return this.#swaps
  }
}
