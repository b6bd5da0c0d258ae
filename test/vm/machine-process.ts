// A process that runs a machine, for tests that kill it or that are somebody else: `machine-process.js COMMAND...`.
import { runInMachine } from './virtual-machine.js'

const ran = await runInMachine(process.argv.slice(2), {
  stdout: (chunk) => process.stdout.write(chunk),
})
process.exitCode = ran.code
