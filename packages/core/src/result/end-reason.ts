/**
 * Why a command ended.
 * `exit`: by itself; `signal`: by a signal nobody of us sent; `oom`: the kernel ran out of the memory allowed;
 * `cpu-time`, `wall-time`, `idle`, `pids`, `output-limit`, `disk-limit`: that limit; `aborted`: an AbortSignal;
 * `killed`: `kill()`, `stop()` or disposal.
 */
export type EndReason =
  | 'exit'
  | 'signal'
  | 'oom'
  | 'cpu-time'
  | 'wall-time'
  | 'idle'
  | 'pids'
  | 'output-limit'
  | 'disk-limit'
  | 'aborted'
  | 'killed'
