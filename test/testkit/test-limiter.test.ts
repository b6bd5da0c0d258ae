import { defineDriver, type LimitLease } from '@caisson/core'
import { testLimiter } from '@caisson/driver-testkit'
import { pivotRoot } from 'caisson'
import { expect } from 'chai'
import { collect, failures } from '#testkit-test/collect.js'

const unknown = () =>
  defineDriver({
    kind: 'limiter',
    name: 'unknown',
    apiVersion: 1,
    limits: ['disk'],
    probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({ acquire: () => Promise.reject(new Error('unused')) }),
  })

describe('testLimiter', () => {
  it('fails a limiter that only says so', async () => {
    const lease: LimitLease = {
      enforced: ['openFiles'],
      amendment: {},
      reason: () => 'oom',
      release: () => Promise.resolve(),
    }
    const pretender = () =>
      defineDriver({
        kind: 'limiter',
        name: 'pretender',
        apiVersion: 1,
        limits: ['openFiles'],
        probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
        create: () => ({ acquire: () => Promise.resolve(lease) }),
      })
    const outcomes = await collect((api) =>
      testLimiter(api, { driver: pretender, isolation: pivotRoot }),
    )
    expect(failures(outcomes)).to.deep.equal([
      'really enforces openFiles, and says so in the result',
      'finds no reason in a command that ended well',
      'brings the methods of its features, and no others',
      '#19 a hundred starts, failed ones among them: no group, descriptor, mount or process more',
      '#22 a command cannot write its own limits, nor mount what it could write them by',
    ])
  })

  it('fails a limiter with a limit that nobody can show', async () => {
    const title = 'really enforces disk, and says so in the result'
    const outcomes = await collect(
      (api) => testLimiter(api, { driver: unknown, isolation: pivotRoot }),
      [title],
    )
    expect(outcomes[0]?.error).to.have.property('message').that.includes('probes.disk')
  })

  for (const declares of [true, false]) {
    it(`fails a limiter that ${declares ? 'declares freeze and cannot' : 'can freeze and keeps quiet'}`, async () => {
      const lease: LimitLease = {
        enforced: [],
        amendment: {},
        reason: () => undefined,
        release: () => Promise.resolve(),
        ...(declares ? {} : { freeze: () => Promise.resolve() }),
      }
      const pretender = () =>
        defineDriver({
          kind: 'limiter',
          name: 'pretender',
          apiVersion: 1,
          limits: ['openFiles'],
          features: declares ? ['freeze'] : [],
          probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
          create: () => ({ acquire: () => Promise.resolve(lease) }),
        })
      const titles = [
        'brings the methods of its features, and no others',
        'stops a container and lets it go on',
      ]
      const outcomes = await collect(
        (api) => testLimiter(api, { driver: pretender, isolation: pivotRoot }),
        titles,
      )
      expect(failures(outcomes)).to.deep.equal(declares ? titles : titles.slice(0, 1))
    })
  }

  it('fails a limiter that says it froze', async () => {
    const lease: LimitLease = {
      enforced: [],
      amendment: {},
      reason: () => undefined,
      release: () => Promise.resolve(),
      freeze: () => Promise.resolve(),
    }
    const liar = () =>
      defineDriver({
        kind: 'limiter',
        name: 'liar',
        apiVersion: 1,
        limits: ['openFiles'],
        features: ['freeze'],
        probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
        create: () => ({ acquire: () => Promise.resolve(lease) }),
      })
    const title = 'stops a container and lets it go on'
    const outcomes = await collect(
      (api) => testLimiter(api, { driver: liar, isolation: pivotRoot }),
      [title],
    )
    expect(outcomes[0]?.error).to.have.property('message').that.includes('paused command')
  })
})
