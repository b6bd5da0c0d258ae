import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * A program that measures one run for each byte it is sent and answers with nanoseconds: started once, so that Node's own
 * fork is in no figure of it.
 */
export async function startRunner(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const lines = createInterface({ input: child.stdout })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text))
  const ended = once(child, 'close').then(() => {
    throw new Error(
      complaint.trim().split('\n').at(-1) || `${command} ended with code ${child.exitCode}`,
    )
  })
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  return {
    async once() {
      const line = once(lines, 'line')
      child.stdin.write('x')
      const [nanoseconds] = await Promise.race([line, ended])
      return Number(nanoseconds) / 1000
    },
    async stop() {
      child.stdin.end()
      await ended.catch(() => {})
    },
  }
}
