import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'

const rounds = Number(process.env['CAISSON_SOAK_ROUNDS'] ?? 15)
const launchers = Math.floor(rounds / 3)

describe('killed at random instants', function () {
  this.timeout(60_000 + rounds * 6000)

  it(`Node and its launcher leave nothing behind, ${rounds} times`, () => {
    // another seed each day: it is in the message of what fails
    const seed = String(Math.floor(Date.now() / 86_400_000))
    const args = ['scripts/soak.mjs', '--rounds', String(rounds), '--seed', seed, '--json']
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: checkout,
      encoding: 'utf8',
    })
    expect(stdout, stderr).to.not.equal('')
    // our own program printed it
    const summary = JSON.parse(stdout) as {
      readonly failures: readonly string[]
      readonly node: { readonly kills: number; readonly processesKilled: number }
      readonly launcher: { readonly kills: number }
    }
    expect(summary.failures, `seed ${seed}`).to.deep.equal([])
    expect([summary.node.kills, summary.launcher.kills]).to.deep.equal([
      rounds - launchers,
      launchers,
    ])
    // it was really among containers that it was killed
    expect(summary.node.processesKilled).to.be.greaterThan(3 * rounds)
  })
})
