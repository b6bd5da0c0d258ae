/** What became of a test in the machine. */
export interface ForwardedResult {
  readonly state: 'passed' | 'failed' | 'skipped'
  /** Of its suites, and its own. */
  readonly title: readonly string[]
  readonly error?: string
}

/** undefined for a line that is something else that a test printed. */
function parseLine(line: string): ForwardedResult | undefined {
  if (!line.startsWith('{"state":"')) return undefined
  // Written by our own reporter.
  return JSON.parse(line) as ForwardedResult
}

/** Takes what the machine prints apart: results, and lines that tests printed. */
export function readForwarded(output: string): {
  readonly results: readonly ForwardedResult[]
  readonly printed: readonly string[]
} {
  const results: ForwardedResult[] = []
  const printed: string[] = []
  for (const line of output.split('\n')) {
    const result = parseLine(line)
    if (result !== undefined) results.push(result)
    else if (line.trim() !== '') printed.push(line)
  }
  return { results, printed }
}
