import { join } from 'node:path'
import { expect } from 'chai'
import Mocha from 'mocha'
import { checkout } from '../architecture/checkout.js'
import { readForwarded, type ForwardedResult } from './forwarded-result.js'
import { requireMachine } from './require-machine.js'
import { runInMachine, type MachineOptions } from './virtual-machine.js'

/** Suites that run in a machine of their own. */
export interface MachineSuite {
  readonly title: string
  /** Files, relative to the checkout. */
  readonly specs: readonly string[]
  readonly machine: MachineOptions
  /** What runs them instead of Node alone: a program and its first arguments. */
  readonly within?: readonly string[]
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

function environment(): Record<string, string> {
  const must = process.env['CAISSON_MUST_WORK']
  return {
    PATH,
    HOME: '/tmp',
    // ext4: nothing else in there takes id-mapped mounts
    TMPDIR: '/mnt',
    CAISSON_VM: '1',
    ...(must === undefined ? {} : { CAISSON_MUST_WORK: must }),
  }
}

function retell(result: ForwardedResult): Mocha.Test {
  const title = result.title.join(' › ')
  if (result.state === 'skipped') return new Mocha.Test(title)
  return new Mocha.Test(title, () => {
    if (result.state === 'failed') throw new Error(result.error)
  })
}

/** Runs them all by one boot; each of their tests is told as one of this suite. */
export function describeInMachine({ title, specs, machine, within = [] }: MachineSuite): void {
  describe(title, () => {
    let code = -1
    let log = ''
    let told: readonly ForwardedResult[] = []

    before(async function () {
      this.timeout(600_000)
      requireMachine(this)
      const mocha = join(checkout, 'node_modules/mocha/bin/mocha.js')
      const reporter = join(checkout, 'scripts/forward-reporter.mjs')
      // three times slower than the host, and on one processor
      const options = ['--no-config', '--enable-source-maps', '--timeout', '60000']
      const argv = [process.execPath, mocha, ...options, '--reporter', reporter, ...specs]
      const ran = await runInMachine([...within, ...argv], {
        timeoutMs: 540_000,
        disk: '2G',
        ...machine,
        cwd: checkout,
        env: { ...environment(), ...machine.env },
      })
      const { results, printed } = readForwarded(ran.stdout.toString())
      for (const line of printed) console.log(`      ${line.trim()}`)
      told = results
      code = ran.code
      log = `${ran.stderr.toString()}\n${ran.code === 125 ? ran.log : ''}`.trim()
      const suite = this.test?.parent
      for (const result of results) suite?.addTest(retell(result))
    })

    it('ran to its end in the machine', () => {
      const failed = told.filter(({ state }) => state === 'failed').length
      expect(told, log).not.to.have.length(0)
      // mocha's own exit code is the number of failures: it has told of all, and did not crash after the last
      expect(code, log).to.equal(Math.min(failed, 255))
    })
  })
}
