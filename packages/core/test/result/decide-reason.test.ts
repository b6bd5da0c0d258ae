import { expect } from 'chai'
import {
  decideReason,
  type Deed,
  type EndReason,
  type LimitVerdict,
  type ProcessEnd,
} from '@caisson/core'

const base: ProcessEnd = {
  pid: 1,
  exitCode: 0,
  signal: null,
  userMs: 0,
  systemMs: 0,
  peakMemoryBytes: 0,
  wallMs: 0,
  stdout: new Uint8Array(0),
  stderr: new Uint8Array(0),
  stdoutTotal: 0,
  stderrTotal: 0,
}
const exited = (exitCode: number): ProcessEnd => ({ ...base, exitCode })
const killedBy = (signal: NodeJS.Signals): ProcessEnd => ({ ...base, exitCode: null, signal })
const deed = (reason: Deed['reason'], signal: NodeJS.Signals = 'SIGKILL'): Deed => ({
  reason,
  signal,
})
const says =
  (reason: EndReason | undefined): LimitVerdict =>
  () =>
    reason

describe('decideReason', () => {
  const table: readonly (readonly [
    string,
    EndReason,
    ProcessEnd,
    readonly Deed[],
    readonly LimitVerdict[],
  ])[] = [
    ['an exit is an exit', 'exit', exited(0), [], []],
    ['an exit with any code is an exit', 'exit', exited(137), [], []],
    ['a signal of a stranger is a signal', 'signal', killedBy('SIGSEGV'), [], []],
    [
      'our SIGKILL is what we sent it for',
      'wall-time',
      killedBy('SIGKILL'),
      [deed('wall-time')],
      [],
    ],
    [
      'the first of our deeds counts',
      'aborted',
      killedBy('SIGKILL'),
      [deed('aborted'), deed('wall-time'), deed('killed')],
      [],
    ],
    ['a timeout at the moment of the exit is an exit', 'exit', exited(0), [deed('wall-time')], []],
    ['a handled SIGTERM is an exit', 'exit', exited(143), [deed('killed', 'SIGTERM')], []],
    [
      'SIGTERM, then SIGKILL: the one that ended it',
      'wall-time',
      killedBy('SIGKILL'),
      [deed('killed', 'SIGTERM'), deed('wall-time')],
      [],
    ],
    [
      'another signal than ours is a signal',
      'signal',
      killedBy('SIGSEGV'),
      [deed('killed', 'SIGUSR1')],
      [],
    ],
    ['we come before limits', 'killed', killedBy('SIGKILL'), [deed('killed')], [says('oom')]],
    [
      'limits come before signals',
      'cpu-time',
      killedBy('SIGXCPU'),
      [],
      [says(undefined), says('cpu-time')],
    ],
    ['limits come before exits', 'pids', exited(1), [], [says('pids')]],
    [
      'the first limit that speaks counts',
      'oom',
      killedBy('SIGKILL'),
      [],
      [says('oom'), says('pids')],
    ],
    [
      'a limit may speak when our signal came too late',
      'oom',
      exited(1),
      [deed('killed')],
      [says('oom')],
    ],
  ]
  for (const [title, reason, end, deeds, verdicts] of table) {
    it(title, () => {
      expect(decideReason(end, deeds, verdicts)).to.equal(reason)
    })
  }
})
