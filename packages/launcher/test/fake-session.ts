import { fileURLToPath } from 'node:url'
import type { LaunchCommand, LaunchPlan, Launcher, ProcessEnd } from '@caisson/core'
import { createLauncher } from '../dist/index.js'

const script = fileURLToPath(new URL('fake-launcher.js', import.meta.url))

/** The fake launcher of a scenario, as a program. */
export function fakeProgram(scenario: string) {
  return { path: process.execPath, arguments: [script, scenario] }
}

/** A client of the fake launcher, without any claim on this host's ids. */
export function fakeLauncher(scenario = 'honest'): Launcher {
  return createLauncher({ ...fakeProgram(scenario), mode: 'single' })
}

/** A plan of new lists. */
export function somePlan(source = '/'): LaunchPlan {
  return {
    template: [{ op: 'bind', source, at: 'l/0.0', recursive: 0, attrs: 1, idmap: 0 }],
    container: [{ op: 'pivot' }],
    process: [{ op: 'noNewPrivileges' }],
  }
}

export function someCommand(
  argv: readonly string[],
  more: Partial<LaunchCommand> = {},
): LaunchCommand {
  return {
    steps: [],
    argv,
    env: [],
    stdin: { kind: 'null' },
    stdout: 'capture',
    stderr: 'capture',
    maxOutputBytes: 1024,
    reportStart: false,
    ...more,
  }
}

export function textOf(end: ProcessEnd): string {
  return Buffer.from(end.stdout).toString()
}
