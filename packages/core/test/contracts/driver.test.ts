import { expect } from 'chai'
import { CaissonError, defineDriver } from '@caisson/core'
import { Scope, token } from '@caisson/core/di'
import { thrown } from '../support/thrown.js'

const good = {
  kind: 'limiter' as const,
  name: 'some-limiter',
  apiVersion: 1 as const,
  limits: ['pids'] as const,
  probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
  create: () => ({
    acquire: async () => {
      throw new Error('not asked for')
    },
  }),
}

describe('defineDriver', () => {
  it('makes a frozen driver that says everything of itself', () => {
    const driver = defineDriver(good)
    expect(Object.isFrozen(driver)).to.equal(true)
    expect(Object.isFrozen(driver.limits)).to.equal(true)
    expect(driver).to.deep.include({
      kind: 'limiter',
      name: 'some-limiter',
      apiVersion: 1,
      schemes: [],
      limits: ['pids'],
      features: [],
      notHeld: [],
      modules: [],
    })
  })

  it('refuses definitions that break the contract, and names the field', async () => {
    const bad: readonly (readonly [string, object])[] = [
      ['name', { name: 'Big Name' }],
      ['name', { name: undefined }],
      ['kind', { kind: 'network' }],
      ['apiVersion', { apiVersion: 2 }],
      ['limits', { limits: [] }],
      ['limits', { limits: ['pids', 'pids'] }],
      ['limits', { limits: 'pids' }],
      ['limits', { kind: 'rootfs', schemes: ['dir'] }],
      ['schemes', { kind: 'rootfs', limits: [] }],
      ['schemes', { kind: 'rootfs', limits: [], schemes: ['dir:'] }],
      ['schemes', { schemes: ['dir'] }],
      ['features', { features: ['no good'] }],
      ['notHeld', { notHeld: ['bpf'] }],
      ['notHeld', { kind: 'isolation', limits: undefined, notHeld: ['walking out'] }],
      ['notHeld', { kind: 'isolation', limits: undefined, notHeld: ['bpf', 'bpf'] }],
      ['modules', { modules: [{}] }],
      ['probe', { probe: undefined }],
      ['create', { create: 'x' }],
      ['prob', { prob: good.probe }],
    ]
    for (const [field, change] of bad) {
      const error = await thrown(() =>
        Reflect.apply(defineDriver, undefined, [{ ...good, ...change }]),
      )
      expect([error.code, error.field], JSON.stringify(change)).to.deep.equal(['ERR_DRIVER', field])
    }
  })

  it('hands probe and create what they asked for, from its modules where the scope has nothing', async () => {
    const WHAT = token<string>('test/What')
    const seen: string[] = []
    const driver = defineDriver({
      ...good,
      modules: [
        {
          name: 'default',
          install: (scope: Scope): void => {
            if (!scope.has(WHAT)) scope.value(WHAT, 'default')
          },
        },
      ],
      inject: { what: WHAT },
      probe: async ({ what }) => {
        seen.push(what)
        return { ok: true, missing: [], degraded: [], facts: {} }
      },
      create: ({ what }) => {
        seen.push(what)
        return good.create()
      },
    })
    const scope = Scope.root()
    await driver.probe(scope)
    driver.create(scope)
    driver.create(Scope.root().value(WHAT, 'mine'))
    expect(seen).to.deep.equal(['default', 'default', 'mine'])
    expect(scope.all(WHAT)).to.deep.equal(['default'])
  })

  it('makes an answer of a probe that throws, with the fix of the error', async () => {
    const driver = defineDriver({
      ...good,
      probe: async () => {
        throw new CaissonError({ code: 'ERR_LAUNCHER_MISSING', what: 'launcher', fix: 'build it' })
      },
    })
    const probe = await driver.probe(Scope.root())
    expect(probe.ok).to.equal(false)
    expect(probe.missing[0]?.fix).to.equal('build it')
    const missing = await defineDriver({ ...good, inject: { x: token<string>('test/X') } }).probe(
      Scope.root(),
    )
    expect(missing.missing[0]?.what).to.include('test/X@1')
  })
})
