// What scripts/soak.mjs kills: an engine under a seeded mix of everything that containers go through. It tells its launcher
// in a line, and goes on for ever; when it is told that its launcher was killed, it shows that it can go on, and leaves.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine } from 'caisson'
import { seeded } from './soak/seeded.mjs'

const [seed, stateDir, marker] = process.argv.slice(2)
const random = seeded(Number(seed))
const inFlight = 5
// What callers may get when the launcher dies under them
const allowed = new Set([
  'ERR_LAUNCHER_GONE',
  'ERR_CONTAINER_GONE',
  'ERR_CONTAINER_STATE',
  'ERR_ABORTED',
])

const engine = await createEngine({ stateDir })
const env = { SOAK: marker }
const seen = { results: 0 }
const over = new AbortController()

const run = (argv, options) => engine.run(argv, { env, timeout: '5s', ...options })
const sh = (script, options) => run(['sh', '-c', script, marker], options)

async function manyCommands() {
  const container = await engine.create({ env })
  await container.sh('sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &)')
  await Promise.all([container.exec('true'), container.sh('echo x > /tmp/x; cat /tmp/x')])
  if (random() < 0.5) await container.stop()
  await container.remove()
}

async function killedContainer() {
  const container = await engine.create({ env })
  const exec = container.sh('while :; do :; done')
  exec.catch(() => {})
  await sleep(random() * 20)
  await container.remove()
  await exec
}

async function stream() {
  const exec = run(['yes'])
  let chunks = 0
  for await (const _ of exec.stdout) if (++chunks > 20) break
  await exec.kill()
  return exec
}

async function stalledStream() {
  const exec = run(['yes'])
  exec.stdout.once('readable', () => {})
  await sleep(random() * 30)
  await exec.kill()
  return exec
}

async function aborted() {
  const signal = AbortSignal.timeout(Math.ceil(random() * 10))
  const container = await engine.create({ env, signal })
  await container.remove()
}

const works = [
  () => run(['true']),
  () => run(['cat'], { stdin: Buffer.alloc(300_000, 1), onOutputLimit: 'kill', maxOutput: 1000 }),
  () => sh('sleep 1000 & sleep 0.01'),
  () => sh('f() { f | f & }; f; sleep 1', { limits: { processes: 60 }, timeout: 150 }),
  () => sh('setsid sh -c "sleep 1000 & sleep 1000" & exec sleep 1000', { timeout: 30 }),
  manyCommands,
  killedContainer,
  stream,
  stalledStream,
  aborted,
]

async function workOn() {
  while (!over.signal.aborted) {
    try {
      await works[Math.floor(random() * works.length)]()
      seen.results++
    } catch (error) {
      if (!allowed.has(error.code)) throw error
      seen[error.code] = (seen[error.code] ?? 0) + 1
    }
  }
}

async function goOn() {
  over.abort()
  await Promise.all(workers)
  const { ok } = await run(['true'])
  await engine[Symbol.asyncDispose]()
  console.log(JSON.stringify({ ok, seen }))
  process.exit(ok ? 0 : 1)
}

await run(['true'])
const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
console.log(JSON.stringify({ launcher: Number(children.trim().split(' ').at(-1)) }))
createInterface({ input: process.stdin }).once('line', () => void goOn())
const workers = Array.from({ length: inFlight }, workOn)
await Promise.all(workers)
