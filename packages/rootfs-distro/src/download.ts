import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CaissonError, isCaissonError } from '@caisson/core'
import { distroError } from './distro-error.js'

/** What is to be fetched. */
export interface Download {
  readonly url: string
  /** Most bytes that may come; more is an error. */
  readonly maxBytes: number
  /** What it has to be, where that is known beforehand: checked before anything of it is used. */
  readonly expect?: { readonly size: number; readonly sha256: string } | undefined
  /** How long it may take until the server begins to answer, all tries together. Default: `attempts` times `stallMs`. */
  readonly answerMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes that came so far. */
  readonly onProgress?: ((received: number) => void) | undefined
}

const attempts = 4
const stallMs = 30_000

class Refused extends Error {
  readonly status: number

  constructor(status: number) {
    super(`HTTP ${status}`)
    this.status = status
  }
}

function hostOf(url: string): string {
  return new URL(url).host
}

function mayPass(error: unknown): boolean {
  if (error instanceof Refused) {
    return error.status === 408 || error.status === 429 || error.status >= 500
  }
  return !isCaissonError(error)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  return code === undefined ? error.message : `${error.message} (${code})`
}

function tooLong(url: string, maxBytes: number): CaissonError {
  const why = `more than the ${maxBytes} bytes that it may have`
  return distroError('ERR_DIGEST_MISMATCH', url, why, 'Use another mirror.')
}

async function readBody(response: Response, what: Download, came: () => void): Promise<Buffer> {
  const limit = what.expect?.size ?? what.maxBytes
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of response.body ?? []) {
    // fetch types its body by the DOM, whose chunks are any
    const bytes: Uint8Array = chunk
    received += bytes.byteLength
    if (received > limit) throw tooLong(what.url, limit)
    chunks.push(bytes)
    came()
    what.onProgress?.(received)
  }
  return Buffer.concat(chunks)
}

async function fetchOnce(what: Download, answerMs: number): Promise<Buffer> {
  const stall = new AbortController()
  const after = (ms: number) =>
    setTimeout(() => stall.abort(new Error(`nothing came for ${(ms / 1000).toFixed(0)} s`)), ms)
  let timer = after(Math.min(answerMs, stallMs))
  const signals = what.signal === undefined ? [stall.signal] : [what.signal, stall.signal]
  try {
    const response = await fetch(what.url, { signal: AbortSignal.any(signals) })
    clearTimeout(timer)
    timer = after(stallMs)
    if (!response.ok) {
      await response.body?.cancel()
      throw new Refused(response.status)
    }
    return await readBody(response, what, () => timer.refresh())
  } finally {
    clearTimeout(timer)
  }
}

function check(bytes: Buffer, { url, expect }: Download): Buffer {
  if (expect === undefined) return bytes
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length === expect.size && sha256 === expect.sha256) return bytes
  const why =
    bytes.length === expect.size
      ? `its SHA-256 is ${sha256}, and should be ${expect.sha256}`
      : `it has ${bytes.length} bytes, and should have ${expect.size}`
  const fix = 'Try again, or use another mirror: this one changed meanwhile, or is broken.'
  throw distroError('ERR_DIGEST_MISMATCH', url, why, fix)
}

function given(up: Download): CaissonError {
  return new CaissonError({
    code: 'ERR_ABORTED',
    what: 'rootfs',
    subject: up.url,
    why: 'given up by its AbortSignal',
    cause: up.signal?.reason,
  })
}

/**
 * Fetches by http or https, four times at most with growing pauses where another try may help.
 * @returns undefined when the server says that there is no such file
 * @throws CaissonError ERR_MIRROR_UNREACHABLE, ERR_DIGEST_MISMATCH, ERR_ABORTED
 */
export async function download(what: Download): Promise<Buffer | undefined> {
  const gone = (): boolean => what.signal?.aborted === true
  const answerBy = performance.now() + (what.answerMs ?? Infinity)
  let last: unknown
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (gone()) throw given(what)
    try {
      if (attempt > 0) {
        const pause = 250 * 2 ** attempt * (0.5 + Math.random())
        if (performance.now() + pause >= answerBy) break
        await delay(pause, undefined, what.signal === undefined ? {} : { signal: what.signal })
      }
      return check(await fetchOnce(what, answerBy - performance.now()), what)
    } catch (error) {
      if (gone()) throw given(what)
      if (error instanceof Refused && (error.status === 404 || error.status === 410))
        return undefined
      last = error
      if (!mayPass(error)) break
    }
  }
  if (isCaissonError(last)) throw last
  const fix = 'Check the network and the mirror; `mirror` names another.'
  throw distroError('ERR_MIRROR_UNREACHABLE', hostOf(what.url), reasonOf(last), fix, last)
}
