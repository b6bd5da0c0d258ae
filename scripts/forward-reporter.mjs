import Mocha from 'mocha'

const tell = (result) => process.stdout.write(`\n${JSON.stringify(result)}\n`)

/** Tells each result as one line, for a mocha outside the test machine that this one runs in (test/vm/machine-suite.ts). */
// oxlint-disable-next-line import/no-default-export -- mocha takes a reporter file's default export
export default class ForwardReporter extends Mocha.reporters.Base {
  constructor(runner, options) {
    super(runner, options)
    runner.on('pass', (test) => tell({ state: 'passed', title: test.titlePath() }))
    runner.on('pending', (test) => tell({ state: 'skipped', title: test.titlePath() }))
    runner.on('fail', (test, error) => {
      tell({ state: 'failed', title: test.titlePath(), error: error?.stack ?? String(error) })
    })
  }
}
