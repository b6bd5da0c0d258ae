import { constants } from 'node:os'
import { errnoName } from '@caisson/core'

/** By attempt: `OK`, the name of an errno, or of the signal that ended it. */
export type Outcomes = ReadonlyMap<string, string>

function nameOf(code: string): string {
  if (code === '0') return 'OK'
  if (/^\d+$/.test(code)) return errnoName(Number(code))
  const signal = /^signal (\d+)$/.exec(code)?.[1]
  const named = Object.entries(constants.signals).find(([, number]) => String(number) === signal)
  return named?.[0] ?? code
}

/** What the attacker printed. */
export function readOutcomes(stdout: string): Outcomes {
  const lines = stdout.split(/\r?\n/).filter((line) => line.includes('\t'))
  return new Map(
    lines.map((line) => {
      const [attempt = '', code = ''] = line.split('\t')
      return [attempt, nameOf(code)]
    }),
  )
}
