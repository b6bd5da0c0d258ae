// Has containers on the disk, in whichever way their roots are made writable there, and says what came of it:
// `copies-process.js DIRECTORY WAY MODE`. A test runs it where it has mounted something.
import { spawnSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, isCaissonError, pivotRoot, type CopyOnWriteOption } from 'caisson'

const [, , directory = '', way = 'auto', mode] = process.argv

const free = (): number => {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

try {
  await using engine = await createEngine({
    from: 'busybox:',
    isolation: pivotRoot({ launcher: { mode: mode === 'single' ? mode : 'best' } }),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is none is refused, which is tested
    copyOnWrite: way as CopyOnWriteOption,
    dataDir: join(directory, 'data'),
    stateDir: join(directory, 'state'),
  })
  const { writes } = await engine.doctor()
  // the root itself is there then
  await (await engine.create({ writable: { on: 'disk' } })).remove()
  spawnSync('sync')
  const before = free()
  const container = await engine.create({ writable: { on: 'disk' } })
  spawnSync('sync')
  const taken = before - free()
  await container.sh('echo new > /new')
  const early = await container.fork()
  const kept = (await early.sh('cat /new')).stdout
  await early.remove()
  const { degraded } = await container.sh('rm /bin/wc')
  const changes: string[] = []
  for await (const { kind, path } of container.changes()) changes.push(`${kind} ${path}`)
  let forked: string
  try {
    await using fork = await container.fork()
    forked = (await fork.sh('cat /new; ls /bin/wc')).stdout
  } catch (error) {
    forked = isCaissonError(error) ? `${error.code} ${error.fix ?? ''}` : String(error)
  }
  const plan = await engine.explain(['true'], { writable: { on: 'disk' } })
  await container.remove()
  const store = await engine.store()
  await store.collect()
  const left = (await engine.diskUsage()).store?.writes.count
  const step = ['copyRoot', 'fuseRoot'].find((name) => plan.includes(`${name} (`)) ?? 'overlay'
  console.log(JSON.stringify({ writes, taken, degraded, changes, kept, forked, step, left }))
} catch (error) {
  const { code, message, fix } = isCaissonError(error)
    ? error
    : { code: String(error), message: '', fix: '' }
  console.log(JSON.stringify({ code, message, fix }))
}
