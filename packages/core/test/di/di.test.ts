import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import 'reflect-metadata'
import { container as globalContainer, type DependencyContainer } from 'tsyringe'
import { all, asInjectable, optional, Scope, token, type Token } from '@caisson/core/di'
import { thrown } from '../support/thrown.js'

interface Log {
  readonly name: string
}
const LOG: Token<Log> = token('test/Log')
const PART: Token<string> = token('test/Part')
const PART_OBJECT: Token<object> = token('test/Object')
const OTHER: Token<{ readonly log: Log }> = token('test/Other')

function raw(scope: Scope): DependencyContainer {
  return scope.raw as DependencyContainer
}

describe('token', () => {
  it('is the same symbol for the same name and version, in every copy of the package', () => {
    expect(token('Launcher')).to.equal(Symbol.for('caisson/Launcher@1'))
    expect(token('acme/Thing', 2)).to.equal(Symbol.for('acme/Thing@2'))
  })

  it('refuses a name that could be mistaken', async () => {
    for (const name of ['', 'a b', '/x', 'x/', 'Ü']) {
      expect((await thrown(() => token(name))).code, name).to.equal('ERR_DI')
    }
  })
})

describe('Scope', () => {
  // The numbers are those of the traps of tsyringe that this facade is there for.

  it('comes with reflect-metadata, and one file alone imports tsyringe (1, 2)', () => {
    const importers: string[] = []
    const walk = (directory: URL): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (entry.isDirectory()) walk(new URL(`${entry.name}/`, directory))
        else if (
          /from 'tsyringe'|import 'reflect-metadata'/.test(
            readFileSync(new URL(entry.name, directory), 'utf8'),
          )
        ) {
          importers.push(entry.name)
        }
      }
    }
    walk(new URL('../../src/', import.meta.url))
    expect(importers).to.deep.equal(['container.ts'])
    const source = readFileSync(new URL('../../src/di/container.ts', import.meta.url), 'utf8')
    expect(source.indexOf("'reflect-metadata'")).to.be.lessThan(source.indexOf("'tsyringe'"))
  })

  it('adds the registrations of a child to those of its parents (3)', () => {
    const parent = Scope.root().value(PART, 'parent')
    const child = parent.child().value(PART, 'child').value(PART, 'child too')
    expect(child.all(PART)).to.deep.equal(['parent', 'child', 'child too'])
    expect(parent.all(PART)).to.deep.equal(['parent'])
    expect(child.get(PART)).to.equal('child too')
  })

  it('has an empty list where nothing is registered (4)', () => {
    expect(Scope.root().all(PART)).to.deep.equal([])
    expect(Scope.root().resolve({ parts: all(PART), part: optional(PART) })).to.deep.equal({
      parts: [],
      part: undefined,
    })
  })

  it('builds in the scope of the registration, whoever asks (5)', () => {
    const parent = Scope.root()
      .value(LOG, { name: 'parent' })
      .provide(OTHER, { log: LOG }, ({ log }) => ({ log }))
    const child = parent.child().value(LOG, { name: 'child' })
    expect(child.get(OTHER).log.name).to.equal('parent')
    expect(parent.get(OTHER)).to.equal(child.get(OTHER))
  })

  it('disposes only what it made itself, not what its parent made (6)', async () => {
    const log: string[] = []
    const parent = Scope.root().provide(PART_OBJECT, {}, () => ({
      dispose: () => log.push('parent'),
    }))
    const child = parent.child()
    child.get(PART_OBJECT)
    await child[Symbol.asyncDispose]()
    expect(log).to.deep.equal([])
    await parent[Symbol.asyncDispose]()
    expect(log).to.deep.equal(['parent'])
  })

  it('disposes what factories made, one after another, last made first, in all three ways (7)', async () => {
    const log: string[] = []
    const tokens = ['A', 'B', 'C', 'D'].map((name) => token<object>(`test/${name}`))
    const [a, b, c, d] = tokens as [Token<object>, Token<object>, Token<object>, Token<object>]
    const scope = Scope.root()
      .provide(a, {}, () => ({ dispose: () => log.push('a') }))
      .provide(b, { a }, () => ({
        async [Symbol.asyncDispose](): Promise<void> {
          log.push('b starts')
          await new Promise((resolve) => setImmediate(resolve))
          log.push('b ends')
        },
      }))
      .provide(c, { b }, () => ({
        [Symbol.dispose](): void {
          log.push('c')
        },
      }))
      .provide(d, {}, () => ({ dispose: () => log.push('never made') }))
    scope.get(c)
    await Promise.all([scope[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()])
    expect(log).to.deep.equal(['c', 'b starts', 'b ends', 'a'])
  })

  it('goes on disposing after a failure, and tells all of them at the end (7)', async () => {
    const log: string[] = []
    const scope = Scope.root()
    for (const name of ['X', 'Y', 'Z']) {
      const t = token<object>(`test/${name}`)
      scope.provide(t, {}, () => ({
        dispose(): void {
          log.push(name)
          if (name !== 'Y') throw new Error(`no ${name}`)
        },
      }))
      scope.get(t)
    }
    const error = await thrown(scope[Symbol.asyncDispose]())
    expect(log).to.deep.equal(['Z', 'Y', 'X'])
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('test/Z@1, test/X@1')
    expect(error.cause).to.be.instanceOf(AggregateError)
  })

  it('does not dispose values, which are their owner’s', async () => {
    const log: string[] = []
    const scope = Scope.root().value(PART_OBJECT, { dispose: () => log.push('value') })
    scope.get(PART_OBJECT)
    await scope[Symbol.asyncDispose]()
    expect(log).to.deep.equal([])
  })

  it('keeps no instance that it did not register (8)', async () => {
    let disposed = 0
    class Transient {
      dispose(): void {
        disposed++
      }
    }
    asInjectable(Transient)
    const scope = Scope.root()
    expect(scope.make(Transient)).to.not.equal(scope.make(Transient))
    await scope[Symbol.asyncDispose]()
    expect(disposed).to.equal(0)
  })

  it('makes a value once, also for children that came before and after (9, 10)', () => {
    let made = 0
    const parent = Scope.root()
    const before = parent.child()
    parent.provide(LOG, {}, () => ({ name: `log ${++made}` }))
    const after = parent.child()
    expect(
      [before.get(LOG), after.get(LOG), parent.get(LOG)].map(({ name }) => name),
    ).to.deep.equal(['log 1', 'log 1', 'log 1'])
  })

  it('makes a value once even if it is undefined', () => {
    let made = 0
    const scope = Scope.root().provide(token<undefined>('test/Nothing'), {}, () => void made++)
    scope.get(token<undefined>('test/Nothing'))
    scope.get(token<undefined>('test/Nothing'))
    expect(made).to.equal(1)
  })

  it('tries again after a failure', () => {
    let fail = true
    const scope = Scope.root().provide(LOG, {}, () => {
      if (fail) throw new Error('not yet')
      return { name: 'ok' }
    })
    expect(() => scope.get(LOG)).to.throw('not yet')
    fail = false
    expect(scope.get(LOG).name).to.equal('ok')
  })

  it('refuses promises: making is synchronous (11)', async () => {
    const scope = Scope.root().provide(token<unknown>('test/Async'), {}, async () => 1)
    const error = await thrown(() => scope.get(token('test/Async')))
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('test/Async@1')
  })

  it('names the cycle instead of running out of stack, and works on afterwards (11)', async () => {
    const a = token<unknown>('test/CycleA')
    const b = token<unknown>('test/CycleB')
    const c = token<unknown>('test/CycleC')
    const scope = Scope.root()
      .provide(a, { b }, () => 1)
      .provide(b, { c }, () => 1)
      .provide(c, { again: all(b) }, () => 1)
    const error = await thrown(() => scope.get(a))
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('test/CycleB@1 -> test/CycleC@1 -> test/CycleB@1')
    scope.value(c, 2)
    expect(scope.get(b)).to.equal(1)
  })

  it('takes the same token of two scopes for two things, not for a cycle', () => {
    const parent = Scope.root().provide(LOG, {}, () => ({ name: 'parent' }))
    const child = parent.child()
    child.provide(LOG, {}, () => ({ name: `child of ${parent.get(LOG).name}` }))
    expect(child.get(LOG).name).to.equal('child of parent')
  })

  it('builds no class that does not say itself what it needs (12)', async () => {
    class Parent {
      readonly log: Log
      constructor(log: Log) {
        this.log = log
      }
    }
    asInjectable(Parent, LOG)
    class Child extends Parent {}
    class Defaults {
      readonly log: Log
      constructor(log: Log = { name: 'default' }) {
        this.log = log
      }
    }
    const scope = Scope.root().value(LOG, { name: 'log' })
    expect(scope.make(Parent).log.name).to.equal('log')
    for (const target of [Child, Defaults]) {
      expect((await thrown(() => scope.make(target))).code).to.equal('ERR_DI')
    }
    asInjectable(Child, LOG)
    expect(scope.make(Child).log.name).to.equal('log')
  })

  it('never touches the global container (13)', async () => {
    const name = Symbol.for('test/Global@1')
    globalContainer.register(name, { useValue: 'global' })
    const scope = Scope.root()
    expect(scope.has(name)).to.equal(false)
    expect(Object.getPrototypeOf(raw(scope)), 'a container of the same class').to.equal(
      Object.getPrototypeOf(globalContainer),
    )
    await scope[Symbol.asyncDispose]()
    expect(globalContainer.resolve(name)).to.equal('global')
  })

  it('looks into its parents when asked whether it has something (14)', () => {
    const parent = Scope.root().value(PART, 'x')
    expect(parent.child().has(PART)).to.equal(true)
    expect(parent.has(LOG)).to.equal(false)
  })

  it('names what is missing and who needs it', async () => {
    const scope = Scope.root().provide(OTHER, { log: LOG }, ({ log }) => ({ log }))
    const error = await thrown(() => scope.get(OTHER))
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('test/Log@1').and.include('test/Other@1')
  })

  it('refuses everything after its end', async () => {
    const scope = Scope.root().value(PART, 'x')
    await scope[Symbol.asyncDispose]()
    const uses: readonly (() => unknown)[] = [
      () => scope.get(PART),
      () => scope.all(PART),
      () => scope.value(PART, 'y'),
      () => scope.child(),
    ]
    for (const use of uses) expect((await thrown(use)).code).to.equal('ERR_DISPOSED')
  })
})

describe('asInjectable', () => {
  class Consumer {
    readonly log: Log
    readonly parts: readonly string[]
    readonly maybe: Log | undefined
    constructor(log: Log, parts: readonly string[], maybe?: Log) {
      this.log = log
      this.parts = parts
      this.maybe = maybe
    }
  }
  asInjectable(Consumer, LOG, all(PART), optional(token<Log>('test/Absent')))

  it('injects without decorators, lists additively, through tsyringe as well', () => {
    const parent = Scope.root().value(LOG, { name: 'log' }).value(PART, 'a')
    const child = parent.child().value(PART, 'b')
    for (const consumer of [child.make(Consumer), raw(child).resolve(Consumer)]) {
      expect(consumer.log.name).to.equal('log')
      expect(consumer.parts).to.deep.equal(['a', 'b'])
      expect(consumer.maybe).to.equal(undefined)
    }
    expect(parent.make(Consumer).parts).to.deep.equal(['a'])
  })

  it('refuses a class with more parameters than tokens', async () => {
    class Two {
      readonly sum: string
      constructor(a: string, b: string) {
        this.sum = a + b
      }
    }
    const error = await thrown(() => Reflect.apply(asInjectable, undefined, [Two, PART]))
    expect(error.code).to.equal('ERR_DI')
    expect(error.message).to.include('Two')
  })
})
