import { expect } from 'chai'
import { Freezer } from '../../dist/container/freezer.js'
import { killable } from '../../dist/container/killable.js'
import { StateMachine } from '../../dist/container/state.js'
import type { LaunchedProcess, LimitLease } from '../../dist/index.js'

describe('killable', () => {
  const lease: LimitLease = {
    enforced: [],
    amendment: {},
    reason: () => undefined,
    freeze: () => Promise.resolve(),
    release: () => Promise.resolve(),
  }
  const told: unknown[][] = []
  const never = new Promise<never>(() => {})
  const process: LaunchedProcess = {
    started: never,
    ended: never,
    signal: (...args) => void told.push(args),
    resize: (...args) => void told.push(args),
  }

  it('hands on signals and sizes whole, where a limiter can freeze', () => {
    const freezer = new Freezer('id', new StateMachine('id'), [lease], () => false)
    const wrapped = killable(process, [lease], freezer, () => {})
    wrapped.signal('SIGTERM', true)
    wrapped.signal('SIGHUP')
    wrapped.resize?.({ cols: 3, rows: 4 })
    expect(told).to.deep.equal([['SIGTERM', true], ['SIGHUP', undefined], [{ cols: 3, rows: 4 }]])
  })
})
