import type {
  ContainerStep,
  LaunchCommand,
  LaunchedContainer,
  LaunchedProcess,
  Launcher,
  LauncherIdentity,
  LaunchPlan,
  ProcessStep,
  UpperEntry,
} from '@caisson/core'

const pending = new Promise<never>(() => {})

/** A launcher that writes down what it is asked for: what drivers send is seen without a kernel. */
export class RecordingLauncher implements Launcher {
  readonly runs: { plan: LaunchPlan; command: LaunchCommand }[] = []
  readonly creates: { plan: LaunchPlan; steps: readonly ContainerStep[] }[] = []
  readonly execs: { process: readonly ProcessStep[]; command: LaunchCommand }[] = []
  readonly signals: NodeJS.Signals[] = []
  entries: readonly UpperEntry[][] = []
  failure: Error | undefined
  readonly #identity: LauncherIdentity

  constructor(identity: LauncherIdentity) {
    this.#identity = identity
  }

  identity(): Promise<LauncherIdentity> {
    return this.failure === undefined
      ? Promise.resolve(this.#identity)
      : Promise.reject(this.failure)
  }

  run(plan: LaunchPlan, command: LaunchCommand): LaunchedProcess {
    this.runs.push({ plan, command })
    return this.#process()
  }

  create(plan: LaunchPlan, steps: readonly ContainerStep[]): Promise<LaunchedContainer> {
    this.creates.push({ plan, steps })
    const entries = (index: number) => this.entries[index] ?? []
    return Promise.resolve({
      pid: 42,
      gone: pending,
      exec: (process, command) => {
        this.execs.push({ process, command })
        return this.#process()
      },
      async *upperEntries(index) {
        yield* entries(index)
      },
      files: () => {
        throw new Error('no test has files')
      },
      stop: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #process(): LaunchedProcess {
    return {
      started: Promise.resolve({ pid: 2 }),
      ended: pending,
      signal: (signal) => {
        this.signals.push(signal)
      },
    }
  }
}
