import { createEngine } from 'caisson'
import { breakLimits } from './break-limits.js'
import { compileHello } from './compile-hello.js'
import { deleteShell } from './delete-shell.js'
import { isolateRoot } from './isolate-root.js'
import { failures, note } from './print.js'
import { showResult } from './show-result.js'

const from = performance.now()
await using engine = await createEngine()
console.log('Caisson: containers as a library')
note(engine.picked.summary)

{
  await using container = await engine.create({ from: 'host:', name: 'lesson' })
  await isolateRoot(container)
  const hello = await compileHello(container)
  await showResult(container, hello)
}
await deleteShell(engine)
await breakLimits(engine)

const seconds = ((performance.now() - from) / 1000).toFixed(1)
const failed = failures()
console.log(
  failed === 0 ? `\nAll of it true, in ${seconds} s.` : `\n${failed} claims did not hold.`,
)
process.exitCode = failed === 0 ? 0 : 1
