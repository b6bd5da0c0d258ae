import { EventEmitter, once } from 'node:events'
import { expect } from 'chai'
import { SharedWork } from '../../dist/index.js'

interface Begun {
  readonly signal: AbortSignal
  readonly end: (value: string) => void
  /** As work does that has something to clean up. */
  readonly fail: () => void
}

/** Work that ends when it is told to; `nth(n)` waits until it has begun so often. */
function controlled() {
  const begun: Begun[] = []
  const events = new EventEmitter()
  const work = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      begun.push({ signal, end: resolve, fail: () => reject(new Error('stopped')) })
      events.emit('begun')
    })
  const nth = async (n: number): Promise<Begun> => {
    for (;;) {
      const found = begun[n - 1]
      if (found !== undefined) return found
      await once(events, 'begun')
    }
  }
  return { begun, work, nth }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing',
    (error: unknown) => String(error),
  )
}

function shared(): SharedWork<string> {
  return new SharedWork((reason) => new Error(`given up: ${String(reason)}`))
}

async function broken(): Promise<string> {
  throw new Error('broken')
}

describe('SharedWork', () => {
  it('does once what several want at once, and again what is wanted later', async () => {
    const all = shared()
    const { begun, work, nth } = controlled()
    const both = Promise.all([all.do('a', undefined, work), all.do('a', undefined, work)])
    const first = await nth(1)
    first.end('one')
    expect(await both).to.deep.equal(['one', 'one'])
    const later = all.do('a', undefined, work)
    const second = await nth(2)
    second.end('two')
    expect(await later).to.equal('two')
    expect(begun.length).to.equal(2)
  })

  it('goes on for the others when one gives up', async () => {
    const all = shared()
    const { work, nth } = controlled()
    const leaver = new AbortController()
    const left = failure(all.do('a', leaver.signal, work))
    const stayed = all.do('a', new AbortController().signal, work)
    const { signal, end } = await nth(1)
    leaver.abort('tired')
    expect(await left).to.equal('Error: given up: tired')
    expect(signal.aborted).to.equal(false)
    end('done')
    expect(await stayed).to.equal('done')
  })

  it('stops when the last one gives up, and begins anew, once that is over, for whoever comes', async () => {
    const all = shared()
    const { begun, work, nth } = controlled()
    const [one, two] = [new AbortController(), new AbortController()]
    const left = [one, two].map(({ signal }) => failure(all.do('a', signal, work)))
    const first = await nth(1)
    one.abort('one')
    expect(first.signal.aborted).to.equal(false)
    two.abort('two')
    expect(first.signal.aborted).to.equal(true)
    const next = all.do('a', undefined, work)
    await new Promise(setImmediate)
    expect(begun.length).to.equal(1)
    first.fail()
    const second = await nth(2)
    second.end('anew')
    expect(await next).to.equal('anew')
    expect(await Promise.all(left)).to.deep.equal(['Error: given up: one', 'Error: given up: two'])
  })

  it('does nothing for a signal that was given before', async () => {
    const [all, { begun, work }] = [shared(), controlled()]
    expect(await failure(all.do('a', AbortSignal.abort('early'), work))).to.include('early')
    expect(begun.length).to.equal(0)
  })

  it('tells all of a failure', async () => {
    const all = shared()
    const told = [all.do('a', undefined, broken), all.do('a', new AbortController().signal, broken)]
    expect(await Promise.all(told.map(failure))).to.deep.equal(['Error: broken', 'Error: broken'])
  })
})
