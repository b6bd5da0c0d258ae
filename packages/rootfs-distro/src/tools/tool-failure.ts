/** A program of the host that failed: the `cause` of the CaissonError that says what that means. */
export class ToolFailure extends Error {
  /** The program and its arguments. */
  readonly argv: readonly string[]
  /** undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** The last lines that it said, 20 at most. */
  readonly lines: readonly string[]

  constructor(
    argv: readonly string[],
    end: { readonly exitCode: number | undefined; readonly signal: string | undefined },
    lines: readonly string[],
  ) {
    const { exitCode, signal } = end
    const how =
      exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `ended with ${exitCode}`
    super([`${argv[0]} ${how}`, ...lines].join('\n  '))
    this.argv = argv
    this.exitCode = exitCode
    this.signal = signal
    this.lines = lines
  }

  override get name(): string {
    return 'ToolFailure'
  }
}
