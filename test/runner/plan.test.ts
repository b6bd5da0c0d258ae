import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkout, readText } from '../architecture/checkout.js'

interface Batch {
  readonly files: readonly string[]
}

interface Plan {
  readonly files: readonly string[]
  readonly together: readonly Batch[]
  readonly alone: readonly Batch[]
}

/** Of all tests of this checkout, with the tables that `npm test` uses. */
function planOfAll(): Plan {
  const program = `
    import { readFileSync } from 'node:fs'
    import { planBatches } from './scripts/test/batches.mjs'
    import { everything, testFiles } from './scripts/test/test-files.mjs'
    const table = (name) => JSON.parse(readFileSync('scripts/test/' + name, 'utf8'))
    const files = testFiles('.', everything)
    const plan = planBatches(files, { alone: table('alone.json').files, seconds: table('seconds.json') })
    console.log(JSON.stringify({ files, ...plan }))`
  const args = ['--input-type=module', '--eval', program]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: checkout, encoding: 'utf8' })
  expect(stderr).to.equal('')
  // our own program printed it
  return JSON.parse(stdout) as Plan
}

describe('the plan of all tests', () => {
  it('has each file once', () => {
    const { files, together, alone } = planOfAll()
    expect(files).to.include('test/dist/runner/plan.test.js')
    expect(files.length).to.be.greaterThan(200)
    const planned = [...together, ...alone].flatMap((batch) => batch.files)
    expect(planned.toSorted()).to.deep.equal([...files])
  })

  it('lets nobody run beside those that need the machine for themselves, which all exist', () => {
    // our own file
    const { files } = JSON.parse(readText('scripts/test/alone.json')) as { files: string[] }
    expect(files.filter((file) => !existsSync(join(checkout, file)))).to.deep.equal([])
    expect(planOfAll().alone.map((batch) => batch.files)).to.deep.equal(
      files.toSorted().map((file) => [file]),
    )
  })
})
