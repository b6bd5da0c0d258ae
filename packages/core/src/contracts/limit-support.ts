/** What one limit is worth on this host. */
export type LimitSupport =
  | {
      /**
       * `enforced`: it holds, whatever runs. `best-effort`: it may be got round or comes late; asked for, that is an error
       * unless `onUnsupported` is `warn`.
       */
      readonly level: 'enforced' | 'best-effort'
      /** What to know about it, e.g. `each process by itself`. */
      readonly note?: string
    }
  | {
      readonly level: 'unsupported'
      /** e.g. `the controller io is not delegated to user@1000.service`. */
      readonly why: string
      /** The command or setting that mends it; for what no setting mends, what to use instead. */
      readonly fix: string
    }

/**
 * By limit (`memory`) or by field (`memory.high`, `cpu.weight`, `io.devices.latency`); names are those that callers write. A
 * field that is not named is as its limit is.
 */
export type LimitSupports = Readonly<Record<string, LimitSupport>>
