import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { Ticker } from '../../dist/container/ticker.js'

describe('Ticker', () => {
  it('does what is due, again after as long as it says, until it says nothing', async () => {
    const ticker = new Ticker()
    let runs = 0
    await new Promise<void>((resolve) => {
      ticker.after(10, () => {
        if (++runs < 3) return 10
        resolve()
        return undefined
      })
      // the ticker keeps nobody alive: this does
      void pause(2000)
    })
    await pause(50)
    expect(runs).to.equal(3)
  })

  it('does together what is due at about the same time', async () => {
    const ticker = new Ticker()
    let wakes = 0
    let fresh = true
    const from = performance.now()
    let until = from
    const runs = Array.from({ length: 40 }, async (_, i) => {
      await pause(i)
      until = performance.now()
      return new Promise<void>((resolve) => {
        ticker.after(500, () => {
          // jobs of one wake run without a microtask between them
          if (fresh) wakes++
          fresh = false
          queueMicrotask(() => {
            fresh = true
          })
          resolve()
          return undefined
        })
      })
    })
    await Promise.all([...runs, pause(800)])
    // a tenth of the time at most is added: 50 ms. On a busy machine they come over a longer time than 40 ms
    expect(wakes).to.be.at.most(Math.floor((until - from) / 50) + 2)
  })

  it('leaves out what is taken back', async () => {
    const ticker = new Ticker()
    const stop = ticker.after(10, () => expect.fail('it was taken back'))
    stop()
    await pause(50)
  })
})
