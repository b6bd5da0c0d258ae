import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'
import { waitUntil } from './wait-until.js'

// Prints the host pids of the first processes of three containers in which things run in the background.
const program = `
import { createEngine } from 'caisson'
const engine = await createEngine()
const pids = []
for (let i = 0; i < 3; i++) {
  const container = await engine.create()
  await container.sh('sleep 1000 & setsid sleep 1000 & true')
  container.exec('sleep', ['1000'])
  pids.push(container.pid)
}
console.log(JSON.stringify(pids))
setInterval(() => {}, 1000)
`

describe('when Node is killed by SIGKILL', function () {
  this.timeout(30_000)

  it('no process of its containers lives on, and no mount is left', async () => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    const args = ['--input-type=module', '--eval', program]
    const node = spawn(process.execPath, args, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: node.stdout }), 'line')
    // our own program printed it
    const pids = JSON.parse(String(line)) as readonly number[]
    const alive = () => pids.filter((pid) => existsSync(`/proc/${pid}`))
    expect(alive()).to.have.length(3)
    const exited = once(node, 'exit')
    node.kill('SIGKILL')
    await exited
    // the death of its first process ends a pid namespace with all that is in it
    await waitUntil('the containers are gone', () => alive().length === 0)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mounts)
  })
})
