import type { Sight, WaitProbe } from './probe.js'

// A server that accepts and says nothing must not use up all the time
const tryMs = 5000

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0])
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code)
  return cause instanceof Error ? cause.message : String(cause)
}

/** A URL that is answered with a status; undefined: any from 200 to 299. */
export function httpProbe(url: string, status: number | undefined): WaitProbe {
  return {
    subject: status === undefined ? url : `status ${status} of ${url}`,
    async look(signal): Promise<Sight> {
      try {
        const signals = [signal, AbortSignal.timeout(tryMs)]
        const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.any(signals) })
        await answer.body?.cancel()
        const right = status === undefined ? answer.ok : answer.status === status
        return right ? true : `status ${answer.status}`
      } catch (error) {
        return codeOf(error)
      }
    },
  }
}
