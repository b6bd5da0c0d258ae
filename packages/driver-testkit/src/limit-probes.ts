import type { EndReason, ExecResult, LimitKey, Limits } from '@caisson/core'
import assert from 'node:assert/strict'

/** Shows that a limit is enforced: a script that behaves one way with it and another way without. */
export interface LimitProbe {
  readonly limits: Limits
  /** For /bin/sh of a busybox root. */
  readonly script: string
  /** Run instead of it without the limit, where it would not end. */
  readonly freeScript?: string
  /** Checks the result without the limit. */
  free(result: ExecResult): void
  /** Checks the result with the limit. */
  bound(result: ExecResult): void
}

const MIB = 1 << 20

function words(result: ExecResult): string {
  return result.stdout.trim()
}

function endedBy(reason: EndReason): (result: ExecResult) => void {
  return (result) => assert.equal(result.reason, reason, JSON.stringify(result))
}

function says(text: string): (result: ExecResult) => void {
  return (result) => assert.equal(words(result), text, JSON.stringify(result))
}

/** Starts children until it may not, and says how many there were. */
const COUNT_CHILDREN = `n=0; while [ $n -lt 40 ]; do (sleep 5 >/dev/null & echo x) 2>/dev/null || break; n=$((n+1)); done | wc -l`

function countedBelow(most: number): (result: ExecResult) => void {
  return (result) => assert.ok(Number(words(result)) <= most, `${words(result)} of at most ${most}`)
}

/** In pages of 4 KiB, `unlimited`, or as the kernel writes it: the third word after the name. */
const softLimit = (name: string): string =>
  `sed -n 's/^${name} *\\([^ ]*\\) .*/\\1/p' /proc/self/limits`

/** A limit that no script of the kit can run into: what the kernel says that it is. */
function shownAs(limits: Limits, name: string, text: string): LimitProbe {
  return {
    limits,
    script: softLimit(name),
    free: (result) => assert.notEqual(words(result), text),
    bound: says(text),
  }
}

/** What the kit can show by itself. A driver with other limits brings probes of its own. */
export const limitProbes: Readonly<Partial<Record<LimitKey, LimitProbe>>> = {
  cpuTime: {
    limits: { cpuTime: '1s' },
    script: 'while :; do :; done',
    freeScript: 'n=0; while [ $n -lt 10000 ]; do n=$((n+1)); done',
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound(result) {
      endedBy('cpu-time')(result)
      const { cpuMs } = result.usage
      assert.ok(cpuMs >= 700 && cpuMs < 4000, `${cpuMs} ms`)
    },
  },
  openFiles: {
    limits: { openFiles: 16 },
    script:
      'n=3; while [ $n -lt 40 ]; do eval "exec $n</dev/null" 2>/dev/null || break; echo x; n=$((n+1)); done | wc -l',
    free: says('37'),
    bound: countedBelow(13),
  },
  fileSize: {
    limits: { fileSize: '64KiB' },
    script: 'exec dd if=/dev/zero of=/tmp/file bs=4096 count=64 2>/dev/null',
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound: endedBy('disk-limit'),
  },
  stack: {
    limits: { stack: '256KiB' },
    script: 'f() { [ $1 -gt 3000 ] && exit 0; f $(($1 + 1)); }; f 0',
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound: (result) => assert.equal(result.signal, 'SIGSEGV', JSON.stringify(result)),
  },
  processes: {
    limits: { processes: 10 },
    script: COUNT_CHILDREN,
    free: says('40'),
    bound: countedBelow(10),
  },
  pids: {
    limits: { pids: 16 },
    script: COUNT_CHILDREN,
    free: says('40'),
    bound: countedBelow(16),
  },
  core: shownAs({ core: 12_288 }, 'Max core file size', '12288'),
  lockedMemory: shownAs({ lockedMemory: 12_288 }, 'Max locked memory', '12288'),
  messageQueues: shownAs({ messageQueues: 12_288 }, 'Max msgqueue size', '12288'),
  pendingSignals: shownAs({ pendingSignals: 77 }, 'Max pending signals', '77'),
  // what this process inherited is mostly 0 as well: only who may raise limits can be shown another value
  nice: {
    limits: { nice: 20 },
    script: softLimit('Max nice priority'),
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound: says('0'),
  },
  realtimePriority: {
    limits: { realtimePriority: 0 },
    script: softLimit('Max realtime priority'),
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound: says('0'),
  },
  realtimeTime: shownAs({ realtimeTime: '77ms' }, 'Max realtime timeout', '77000'),
  data: {
    limits: { data: '16MiB' },
    script: `dd if=/dev/zero of=/dev/null bs=${64 * MIB} count=1 2>/dev/null && echo had it || echo refused`,
    free: says('had it'),
    bound: says('refused'),
  },
  addressSpace: {
    limits: { addressSpace: '32MiB' },
    script: `dd if=/dev/zero of=/dev/null bs=${64 * MIB} count=1 2>/dev/null && echo had it || echo refused`,
    free: says('had it'),
    bound: says('refused'),
  },
  memory: {
    limits: { memory: '48MiB' },
    script: `exec dd if=/dev/zero of=/dev/null bs=${96 * MIB} count=1 2>/dev/null`,
    free: (result) => assert.ok(result.ok, JSON.stringify(result)),
    bound: endedBy('oom'),
  },
}
