import type { ExecResult } from 'caisson'

/** What a judge says: accepted, wrong answer, time, memory or output limit exceeded, run-time error, compile error. */
export type Verdict = 'AC' | 'WA' | 'TLE' | 'MLE' | 'OLE' | 'RE' | 'CE'

const ended: Readonly<Partial<Record<ExecResult['reason'], Verdict>>> = {
  'cpu-time': 'TLE',
  'wall-time': 'TLE',
  idle: 'TLE',
  oom: 'MLE',
  'output-limit': 'OLE',
  'disk-limit': 'OLE',
}

/** Blanks at ends of lines and empty lines at the end do not count. */
function trimmed(answer: string): string {
  return answer.replaceAll(/[^\S\n]+$/gm, '').trimEnd()
}

/** The reason says all but whether the answer is right. */
export function verdictOf(result: ExecResult, wanted: string): Verdict {
  const limit = ended[result.reason]
  if (limit !== undefined) return limit
  // a child that was killed for want of memory, and a main program that noticed
  if (!result.ok) return (result.oomKills ?? 0) > 0 ? 'MLE' : 'RE'
  return trimmed(result.stdout) === trimmed(wanted) ? 'AC' : 'WA'
}
