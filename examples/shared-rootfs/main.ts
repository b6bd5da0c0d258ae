// Several projects share one root: one breaks it for itself, somebody on the host breaks it for all, and it is repaired.
// Run: npm run build && node examples/dist/shared-rootfs/main.js
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, isCaissonError, tarRootfs } from 'caisson'
import { showUnpack } from '../build-progress.js'
import { check, failures, lesson, note, shown } from '../demo/print.js'
import { ProgressBar } from '../progress-bar.js'
import { makeArchive } from './make-archive.js'
import { Project } from './project.js'

const scratch = mkdtempSync(join(tmpdir(), 'caisson-shared-'))
const dataDir = join(scratch, 'data')

async function unpackOnce(archive: string): Promise<void> {
  using bar = new ProgressBar()
  const rootfs = [tarRootfs({ onProgress: showUnpack(bar) })]
  await using engine = await createEngine({ dataDir, rootfs })
  const result = await engine.run(['true'], { from: `tar:${archive}` })
  result.unwrap()
}

async function show(): Promise<void> {
  lesson(1, 'One root for everybody')
  await unpackOnce(makeArchive(scratch))
  await using admin = await createEngine({ dataDir })
  const store = await admin.store()
  const [layer] = store.layers.list()
  if (layer === undefined) throw new Error('the archive has become no layer')
  await store.refs.set('shared', { kind: 'layer', id: layer.id })
  const from = `layer:${layer.id}`
  await using ada = await Project.start('ada', dataDir, from)
  await using bob = await Project.start('bob', dataDir, from)
  await using cy = await Project.start('cy', dataDir, from)
  await cy.work()
  const { checked } = await store.verify(layer.id)
  note(`${checked} entries, once on the disk, lent to ada, bob and cy`)
  check('ada and bob are at work', (await ada.work()) === 1 && (await bob.work()) === 1)

  lesson(2, 'cy breaks it')
  await cy.container.sh('/bin/busybox rm -rf /bin /etc')
  const broken = await cy.container.exec('ls').then(
    ({ exitCode }) => exitCode !== 0,
    () => true,
  )
  shown('rm -rf /bin /etc; ls', 'ls: not found')
  check('cy has nothing left to work with', broken)
  check('ada and bob are at work', (await ada.work()) === 2 && (await bob.work()) === 2)
  check('the root is as it was', (await store.verify(layer.id, { deep: true })).ok)
  await cy.container.reset()
  check('cy begins anew', (await cy.work()) === 1)

  lesson(3, 'Somebody on the host breaks it for all')
  rmSync(join(layer.diff, 'bin/vi'))
  appendFileSync(join(layer.diff, 'etc/motd'), 'Or else.\n')
  chmodSync(join(layer.diff, 'etc/profile'), 0o777)
  const began = performance.now()
  const { differences } = await store.verify(layer.id)
  const took = (performance.now() - began).toFixed(0)
  const lines = differences.map(({ path, kind }) => `${kind.padEnd(11)} ${path}`)
  shown('store.verify(root)', lines.join('\n'))
  const found = differences.map(({ path }) => path).join(' ')
  check(`found in ${took} ms`, found === 'bin/vi etc/motd etc/profile', found)
  const refused = await store.repair(layer.id, { timeoutMs: 0 }).catch((error: unknown) => error)
  const isBusy = isCaissonError(refused, 'ERR_STORE_BUSY')
  check('not repaired under the feet of those who stand on it', isBusy)
  check('ada and bob are at work', (await ada.work()) === 3 && (await bob.work()) === 3)

  lesson(4, 'Overnight')
  const [adas, bobs] = [await ada.goHome(), await bob.goHome()]
  await cy[Symbol.asyncDispose]()
  using bar = new ProgressBar()
  const repair = await store.repair(layer.id, {
    onProgress: ({ phase, done, total }) => bar.show({ phase, done, total }),
  })
  bar.clear()
  check('three entries mended, content from the archive', repair.mended.length === 3)
  check('every byte is right again', (await store.verify(layer.id, { deep: true })).ok)

  lesson(5, 'In the morning')
  await using adaAgain = await Project.start('ada', dataDir, adas)
  await using bobAgain = await Project.start('bob', dataDir, bobs)
  check('ada goes on where she was', (await adaAgain.work()) === 4)
  check('bob goes on where he was', (await bobAgain.work()) === 4)
  const motd = await bobAgain.container.sh('cat /etc/motd')
  shown('cat /etc/motd', motd.stdout)
  check('nobody noticed', motd.stdout === 'Be nice to each other.\n')
}

/** What containers wrote may have ids that only a launcher removes. */
async function empty(): Promise<void> {
  await using engine = await createEngine({ dataDir })
  const store = await engine.store()
  for (const { id } of store.snapshots.list()) await store.snapshots.delete(id)
  for (const { name } of store.refs.list()) await store.refs.delete(name)
  await store.collect()
}

try {
  await show()
} finally {
  await empty()
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = failures() === 0 ? 0 : 1
