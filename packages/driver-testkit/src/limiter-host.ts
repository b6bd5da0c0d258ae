// A process that has containers, for assertions about its end: its arguments are a module that exports `driver` and
// `isolation`, a root, and what to do. It says in lines of JSON how it went.
import { createEngine, isCaissonError, parseLimits, type Driver } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { kitRootfs } from './kit-rootfs.js'

/** What the module exports. */
interface Host {
  readonly driver: () => Driver<'limiter'>
  readonly isolation: () => Driver<'isolation'>
}

export type HostDeed = 'hold' | 'run' | 'acquire'

async function open({ driver, isolation }: Host, root: string) {
  return createEngine({
    rootfs: kitRootfs(root),
    isolation: isolation(),
    limiters: [driver()],
    defaults: { from: 'kit:' },
  })
}

async function hold(host: Host, root: string, marker: string): Promise<unknown> {
  const engine = await open(host, root)
  const container = await engine.create({})
  const exec = container.exec('/bin/sh', ['-c', 'while :; do sleep 1; done', marker])
  const kept = engine.run(['/bin/sh', '-c', 'while :; do sleep 1; done', marker])
  await Promise.all([exec.pid, kept.pid])
  return { pid: process.pid }
}

async function run(host: Host, root: string): Promise<unknown> {
  await using engine = await open(host, root)
  await using container = await engine.create({})
  const results = [await engine.run(['/bin/true']), await container.exec('/bin/true')]
  return { ok: results.every(({ ok }) => ok) }
}

/** What somebody without rights is told. */
async function acquire({ driver }: Host): Promise<unknown> {
  await using scope = Scope.root()
  const made = driver()
  const probe = await made.probe(scope)
  const id = '0'.repeat(32)
  try {
    const limiter = made.create(scope)
    const lease = await limiter.acquire({
      id,
      scope: 'container',
      limits: parseLimits({}, 'limits'),
    })
    await lease.release()
    return { ok: probe.ok, missing: probe.missing }
  } catch (error) {
    const code = isCaissonError(error) ? error.code : String(error)
    return { ok: probe.ok, missing: probe.missing, code }
  }
}

async function main(args: readonly string[]): Promise<unknown> {
  const [path = '', root = '', deed = '', marker = ''] = args
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the caller of the kit promised
  const host = (await import(path)) as Host
  if (deed === 'hold') return hold(host, root, marker)
  return deed === 'run' ? run(host, root) : acquire(host)
}

if (isMainThread) console.log(JSON.stringify(await main(process.argv.slice(2))))
else {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as given by limits-processes.ts
  const answer = await main(workerData as readonly string[])
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node has no origin
  parentPort?.postMessage(answer)
}
