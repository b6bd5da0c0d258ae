// Your own terminal in a container: node examples/dist/terminal.js [command...]
import { createEngine } from 'caisson'

const { stdin, stdout } = process
if (!stdin.isTTY || !stdout.isTTY) throw new Error('run this in a terminal')

const argv = process.argv.slice(2)
const size = () => ({ cols: stdout.columns, rows: stdout.rows })

await using engine = await createEngine()
await using exec = engine.run(argv.length > 0 ? argv : ['sh'], {
  tty: size(),
  env: { TERM: process.env['TERM'] ?? 'xterm' },
  stdin,
  stdout,
})
const resize = () => exec.resize(size())
const hangUp = () => void exec.kill()
// Raw: every key goes to the program, Ctrl-C too; it has a terminal of its own that knows what to do with it.
const restore = () => stdin.setRawMode(false)

stdin.setRawMode(true)
process.once('exit', restore)
stdout.on('resize', resize)
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.once(signal, hangUp)
try {
  const { reason, exitCode } = await exec
  process.exitCode = exitCode ?? 1
  if (reason !== 'exit') console.error(`\r\nended: ${reason}`)
} finally {
  stdout.off('resize', resize)
  restore()
  stdin.pause()
}
