import { fileURLToPath } from 'node:url'
import { createEngine, debianRootfs } from 'caisson'
import { showBuild } from '../build-progress.js'
import { ProgressBar } from '../progress-bar.js'
import { breakLimits } from './break-limits.js'
import { compileHello } from './compile-hello.js'
import { deleteShell } from './delete-shell.js'
import { demoRoot } from './demo-root.js'
import { isolateRoot } from './isolate-root.js'
import { failures, note } from './print.js'
import { showResult } from './show-result.js'

// `npm start -- /some/directory` keeps what it builds there instead
const ownData = fileURLToPath(new URL('../../../.caisson/data', import.meta.url))
const [dataDir = ownData] = process.argv.slice(2)
const bar = new ProgressBar()
const show = showBuild(bar)
let isBuilt = false
await using engine = await createEngine({
  dataDir,
  rootfs: [
    debianRootfs({
      mirrorTimeout: '3s',
      maxAge: '720h',
      onProgress: (progress) => {
        isBuilt ||= progress.phase === 'install'
        show(progress)
      },
    }),
  ],
})
console.log('Caisson: containers as a library')
note(engine.picked.summary)
const root = await demoRoot(engine, bar, () => (isBuilt ? dataDir : undefined))

const began = performance.now()
{
  await using container = await engine.create({ from: root, name: 'lesson' })
  await isolateRoot(engine, container, root)
  const hello = await compileHello(container)
  await showResult(container, hello)
}
await deleteShell(engine, root)
await breakLimits(engine, root)

const seconds = ((performance.now() - began) / 1000).toFixed(1)
const failed = failures()
console.log(
  failed === 0 ? `\nAll of it true, in ${seconds} s.` : `\n${failed} claims did not hold.`,
)
process.exitCode = failed === 0 ? 0 : 1
