import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine } from 'caisson'
import { waitUntil } from './wait-until.js'

const childrenOf = (pid: number): number =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length

describe('changes()', () => {
  it('leaves no process when nobody reads the list to its end', async () => {
    await using engine = await createEngine()
    await using container = await engine.create()
    // more than a pipe holds
    const made = await container.sh('mkdir /tmp/many && cd /tmp/many && seq 1 9000 | xargs touch')
    expect(made.ok, made.stderr).to.equal(true)
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
    const launcher = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1])
    // what fills its pools is gone at once
    await waitUntil('there is only pid 1', () => childrenOf(launcher) === 1)
    for await (const change of container.changes()) {
      expect(change.path).to.be.a('string')
      break
    }
    await waitUntil('only pid 1 is left', () => childrenOf(launcher) === 1)
  })
})
