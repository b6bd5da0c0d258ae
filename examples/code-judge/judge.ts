import type { Container, ExecResult, PresetEngine } from 'caisson'
import { languages, type Language } from './languages.js'
import { verdictOf, type Verdict } from './verdict.js'

/** One input and the answer to it. */
export interface TestCase {
  readonly input: string
  readonly answer: string
}

/** A program, and the task it is for. */
export interface Submission {
  readonly language: Language
  readonly source: string
}

/** What came of it. */
export interface Judgement {
  readonly verdict: Verdict
  /** The first test that was not passed, counted from 1; 0 when all were, or none was reached. */
  readonly test: number
  /** Most of one test. */
  readonly cpuMs: number
  readonly memoryBytes: number
  /** Where these were counted. */
  readonly source: string
  /** For a person who wants to know why. */
  readonly detail: string
}

/** What this host can hold a program to. */
export interface Means {
  readonly memory: boolean
  readonly pids: boolean
}

/** Asks the host once. */
export async function meansOf(engine: PresetEngine): Promise<Means> {
  const { limits } = await engine.doctor()
  const can = (limit: string): boolean => limits[limit]?.level === 'enforced'
  return { memory: can('memory'), pids: can('pids') }
}

/** A compiler or interpreter that the root has not. */
export class NotInstalled extends Error {}

function limitsFor(language: Language, means: Means): object {
  return {
    cpuTime: languages[language].cpuTime,
    fileSize: '16MiB',
    core: 0,
    ...(means.memory ? { memory: '64MiB' } : {}),
    ...(means.pids ? { pids: 16 } : { processes: 16 }),
  }
}

async function compile(container: Container, { language, source }: Submission): Promise<string> {
  const { file, command } = languages[language]
  const written = await container.exec('sh', ['-c', 'cat > "$1"', 'sh', file], { stdin: source })
  written.unwrap()
  if (command === undefined) return ''
  const [name, ...args] = command
  const compiled = await container.exec(name, args, { timeout: '60s', limits: { processes: 64 } })
  if (compiled.exitCode === 127) throw new NotInstalled(name)
  return compiled.ok ? '' : compiled.stderr || compiled.reason
}

function tell(result: ExecResult, means: Means): string {
  const { usage, exitCode, signal } = result
  const memory = means.memory ? '' : ', memory not limited here'
  return `${result.reason}, ${signal ?? `exit code ${exitCode}`}, ${Math.round(usage.cpuMs)} ms of CPU${memory}`
}

/**
 * Judges a program: compiled in a container of its own, run once for each test, until one is not passed.
 * @throws NotInstalled when the root has no compiler or interpreter for it
 */
export async function judge(
  engine: PresetEngine,
  means: Means,
  submission: Submission,
  tests: readonly TestCase[],
): Promise<Judgement> {
  await using container = await engine.create({ limits: { disk: '8MiB' } })
  const failed = await compile(container, submission)
  const none = { test: 0, cpuMs: 0, memoryBytes: 0, source: 'none' }
  if (failed !== '') return { verdict: 'CE', ...none, detail: failed.trim() }
  const [name, ...args] = languages[submission.language].run
  let cpuMs = 0
  let memoryBytes = 0
  let source = ''
  for (const [index, { input, answer }] of tests.entries()) {
    const result = await container.exec(name, args, {
      stdin: input,
      limits: limitsFor(submission.language, means),
      timeout: '5s',
      maxOutput: '64KiB',
      onOutputLimit: 'kill',
    })
    if (result.exitCode === 127) throw new NotInstalled(name)
    cpuMs = Math.max(cpuMs, result.usage.cpuMs)
    memoryBytes = Math.max(memoryBytes, result.usage.peakMemory)
    source = result.usage.source
    const verdict = verdictOf(result, answer)
    const detail = tell(result, means)
    if (verdict !== 'AC') return { verdict, test: index + 1, cpuMs, memoryBytes, source, detail }
  }
  return { verdict: 'AC', test: 0, cpuMs, memoryBytes, source, detail: 'all tests passed' }
}
