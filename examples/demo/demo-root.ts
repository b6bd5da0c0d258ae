import { isCaissonError, type CaissonError, type PresetEngine } from 'caisson'
import type { ProgressBar } from '../progress-bar.js'
import { note } from './print.js'

const packages = ['base-files', 'coreutils', 'dash', 'gcc', 'libc6-dev']

/** As long as somebody who wants to see a demo may wait; what was fetched until then is kept for the next time. */
const PATIENCE_MS = 120_000

/** Whether the root is to blame, and not the host or Caisson: then another root will do. */
function isAboutTheRoot({ code, field }: CaissonError): boolean {
  return field === 'from' || code === 'ERR_ABORTED' || code.startsWith('ERR_STORE_')
}

function reasonOf(error: CaissonError): string {
  if (error.code !== 'ERR_ABORTED') return error.message
  return `not built within ${PATIENCE_MS / 1000} s; what was fetched is kept for the next time`
}

/**
 * What the demo runs in: a Debian with a C compiler, built once and kept, where apt on this host knows a mirror that answers;
 * else the host's own system.
 * @param builtIn where it was built just now; undefined: it was there
 */
export async function demoRoot(
  engine: PresetEngine,
  bar: ProgressBar,
  builtIn: () => string | undefined,
): Promise<string> {
  const from = `debian:?packages=${packages.join(',')}`
  const began = performance.now()
  try {
    bar.show({ phase: 'a root of Debian with a C compiler: looking for it' })
    const container = await engine.create({ from, signal: AbortSignal.timeout(PATIENCE_MS) })
    await container[Symbol.asyncDispose]()
    bar.clear()
    const kept = builtIn()
    if (kept !== undefined) {
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      note(`Made in ${seconds} s, kept in ${kept}: the next start has it at once.`)
    }
    note(`root: ${from}`)
    return from
  } catch (error) {
    bar.clear()
    if (!isCaissonError(error) || !isAboutTheRoot(error)) throw error
    note(`No Debian, so the host's own system it is. ${reasonOf(error)}`)
    return 'host:'
  }
}
