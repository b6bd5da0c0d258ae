import { parseExecOptions } from '../spec/parse-exec-options.js'
import { CommandRun } from './command-run.js'

const noLimits: ReadonlySet<string> = new Set()

/** A command that is refused: its result rejects with the error. */
export function failedRun(error: unknown): CommandRun {
  const open = async (): Promise<never> => {
    throw error
  }
  return new CommandRun('', parseExecOptions(undefined, noLimits), { open })
}
