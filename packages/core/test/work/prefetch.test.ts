import { expect } from 'chai'
import { prefetch } from '../../dist/index.js'

describe('prefetch', () => {
  it('gives everything in order, however long each takes, and only so many at a time', async () => {
    let running = 0
    let most = 0
    const load = async (n: number): Promise<number> => {
      most = Math.max(most, ++running)
      for (let turns = 5 - n; turns > 0; turns--) await new Promise(setImmediate)
      running--
      return n * 10
    }
    const found: number[] = []
    for await (const { item, loaded } of prefetch([1, 2, 3, 4, 5], 3, load))
      found.push(item, loaded)
    expect(found).to.deep.equal([1, 10, 2, 20, 3, 30, 4, 40, 5, 50])
    expect(most).to.equal(3)
  })

  it('begins nothing more after a failure, and waits for what is under way', async () => {
    const begun: number[] = []
    let ended = 0
    const load = async (n: number): Promise<void> => {
      begun.push(n)
      if (n === 1) throw new Error('first')
      await new Promise(setImmediate)
      ended++
    }
    const all = async (): Promise<void> => {
      for await (const one of prefetch([1, 2, 3, 4], 2, load)) void one
    }
    expect(await all().catch((error: unknown) => String(error))).to.equal('Error: first')
    expect([begun, ended]).to.deep.equal([[1, 2], 1])
  })

  it('begins nothing more when its consumer leaves', async () => {
    const begun: number[] = []
    const load = (n: number): Promise<number> => Promise.resolve(begun.push(n))
    for await (const { item } of prefetch([1, 2, 3, 4, 5], 2, load)) if (item === 1) break
    expect(begun).to.deep.equal([1, 2, 3])
  })
})
