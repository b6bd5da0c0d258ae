import { CaissonError, SharedWork, type RootLease } from '@caisson/core'
import { expect } from 'chai'
import { tmpdir } from 'node:os'
import type { MakingProgress, RootfsMaking } from '../dist/index.js'
import { testMaking } from '../dist/rootfs-making.js'
import { collect, failures } from './collect.js'

const lease: RootLease = {
  key: 'root',
  parts: [{ at: '/', lowers: [tmpdir()] }],
  extras: [],
  masked: [],
  copyOnWrite: true,
  release: () => Promise.resolve(),
}

function givenUp(): CaissonError {
  return new CaissonError({ code: 'ERR_ABORTED', what: 'rootfs' })
}

const step = (phase: string): MakingProgress => {
  return { phase, subject: 'root', bytes: 0, count: 1, total: 1 }
}

/** Ways to break the contract of a maker. */
interface Faults {
  readonly silent?: boolean
  readonly leaves?: boolean
  readonly deaf?: boolean
  readonly forgets?: boolean
  readonly alone?: boolean
}

function maker({ silent, leaves, deaf, forgets, alone }: Faults = {}): RootfsMaking {
  return {
    phases: ['one', 'two'],
    patienceMs: 100,
    async fresh(onProgress) {
      const left = new Set<string>()
      const shared = new SharedWork<RootLease>(givenUp)
      let made = false
      const tell = (phase: string): void => void (silent === true || onProgress(step(phase)))
      const make = async (signal: AbortSignal | undefined): Promise<RootLease> => {
        if (made && forgets !== true) {
          tell('exists')
          return lease
        }
        left.add('staging')
        for (const phase of ['one', 'two']) {
          tell(phase)
          await Promise.resolve()
          if (signal?.aborted !== true) continue
          if (leaves !== true) left.clear()
          throw givenUp()
        }
        left.clear()
        made = true
        tell('done')
        return lease
      }
      return {
        provider: {
          schemes: ['test'],
          lend({ signal }) {
            if (deaf === true) return shared.do('', undefined, make)
            return alone === true ? make(signal) : shared.do('', signal, make)
          },
        },
        reference: '',
        unfinished: () => [...left],
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

const progress = 'tells how far it is, leaves nothing, and has the root the next time'
const abandoned = ['one', 'two'].map((name) => `leaves nothing when it is given up at \`${name}\``)
const shared = 'makes a root for one of two when the other gives up'

const broken: readonly (readonly [what: string, faults: Faults, noticed: readonly string[]])[] = [
  ['that says nothing', { silent: true }, [progress, ...abandoned, shared]],
  ['that ignores who gives up', { deaf: true }, [...abandoned, shared]],
  ['that leaves what it began', { leaves: true }, abandoned],
  ['that makes again what is there', { forgets: true }, [progress]],
  ['that makes what another one makes', { alone: true }, [progress]],
]

describe('testMaking', () => {
  it('passes a provider that keeps the contract', async () => {
    expect(failures(await collect((api) => testMaking(api, maker())))).to.deep.equal([])
  })

  for (const [what, faults, noticed] of broken) {
    it(`fails one ${what}`, async () => {
      const outcomes = await collect((api) => testMaking(api, maker(faults)))
      expect(failures(outcomes)).to.deep.equal(noticed)
    })
  }
})
