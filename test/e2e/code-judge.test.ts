import { expect } from 'chai'
import { execa } from 'execa'
import { describe, it } from 'mocha'
import { createEngine } from 'caisson'
import { checkout } from '../architecture/checkout.js'

describe('examples/code-judge', function () {
  this.timeout(180_000)

  it('says of every program what it should, and names what it skips', async () => {
    await using engine = await createEngine()
    const { limits } = await engine.doctor()
    const { stdout } = await execa(process.execPath, ['examples/dist/code-judge/main.js'], {
      cwd: checkout,
    })
    const lines = stdout.split('\n')
    const skipped = lines.filter((line) => line.includes('skipped:'))
    for (const line of skipped) console.log(`      ${line}`)
    const why =
      /skipped: (?:no limiter of memory works here|(?:cc|\/usr\/bin\/python3) is not in the root)$/
    for (const line of skipped) expect(line).to.match(why)
    expect(skipped.some((line) => line.startsWith('shell') && !line.includes('memory'))).to.equal(
      false,
    )
    expect(lines.at(-1)).to.equal('every verdict is as expected')
    const seen = new Set(lines.map((line) => line.slice(30).trim().split(/\s+/)[0]))
    const wanted = ['AC', 'WA', 'TLE', 'OLE', 'RE']
    if (limits['memory']?.level === 'enforced') wanted.push('MLE')
    expect([...seen]).to.include.members(wanted)
  })
})
