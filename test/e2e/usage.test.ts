import { expect } from 'chai'
import { createEngine } from 'caisson'

describe('usage', () => {
  it('counts what a command used that its time limit ended', async () => {
    await using engine = await createEngine()
    const script = 'x=0; while :; do x=$((x+1)); done'
    const { reason, usage } = await engine.run(['sh', '-c', script], { timeout: 2000 })
    expect(reason).to.equal('wall-time')
    // on a busy machine it gets less than all of it
    expect(usage.cpuMs).to.be.greaterThan(50)
    expect(usage.peakMemory).to.be.greaterThan(500_000)
  })
})
