import type { Exec } from '../container/exec.js'

/** What `waitFor` waits for. */
export type WaitTarget =
  /**
   * A TCP socket listens at that port in the container's network (with `network: 'host'`: on the host, whoever listens).
   * Read from the kernel's table: nothing connects, so that a server that takes one client is not disturbed.
   * `host`: only at that address or at all of them (`0.0.0.0`, `::`). Default: any address.
   */
  | { readonly port: number; readonly host?: string }
  /**
   * A line of the command's stdout or stderr contains the text or matches; one that has no end yet, too. Ask in the tick of
   * the `exec`, or take one of its streams there: otherwise output is only known when the command has ended.
   */
  | { readonly log: string | RegExp; readonly of: Exec<string | Uint8Array> }
  /** An absolute path is there. ERR_UNSUPPORTED where the isolation driver cannot tell. */
  | { readonly file: string }
  /**
   * The URL is answered with that status; default: any from 200 to 299. Asked from the host, which reaches containers with
   * `network: 'host'` only; ERR_UNSUPPORTED for others. Redirects are not followed.
   */
  | { readonly http: string; readonly status?: number }
  /** The command exits with 0. It is run again and again, and killed when the time is up. */
  | { readonly cmd: readonly string[] }
