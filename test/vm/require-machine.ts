import { whyNoMachine } from './virtual-machine.js'

/** For a `before`: skips what follows where no machine can be had, which is a failure where everything must work. */
export function requireMachine(test: Mocha.Context): void {
  const lack = whyNoMachine()
  if (lack === undefined) return
  console.log(`      skipped: ${lack}`)
  if (process.env['CAISSON_MUST_WORK'] === '1') throw new Error(lack)
  test.skip()
}
