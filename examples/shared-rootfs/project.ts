import { createEngine } from 'caisson'

const openEngine = (dataDir: string, from: string) => createEngine({ dataDir, from })

type OwnEngine = Awaited<ReturnType<typeof openEngine>>
type OwnContainer = Awaited<ReturnType<OwnEngine['create']>>

/** One of several that share a root: an engine and a container of its own, as a program of its own would have. */
export class Project implements AsyncDisposable {
  readonly name: string
  readonly container: OwnContainer
  readonly #engine: OwnEngine

  private constructor(name: string, engine: OwnEngine, container: OwnContainer) {
    this.name = name
    this.#engine = engine
    this.container = container
  }

  static async start(name: string, dataDir: string, from: string): Promise<Project> {
    const engine = await openEngine(dataDir, from)
    return new Project(name, engine, await engine.create({ name }))
  }

  /** A day's work: one more line in its book. Gives how many there are. */
  async work(): Promise<number> {
    const result = await this.container.sh('echo done >> /book; wc -l < /book')
    return Number(result.unwrap().stdout)
  }

  /** What it wrote, to go on with later. */
  async goHome(): Promise<string> {
    const { from } = await this.container.snapshot({ name: this.name })
    await this[Symbol.asyncDispose]()
    return from
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]()
  }
}
