import { CaissonError, defineDriver, type RootfsProvider } from '@caisson/core'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, failures } from './collect.js'

type Lend = RootfsProvider['lend']

describe('testRootfsProvider', () => {
  let base = ''
  let opened: number[] = []

  before(() => {
    base = mkdtempSync(join(tmpdir(), 'caisson-kit-test-'))
    mkdirSync(join(base, 'root'))
    mkdirSync(join(base, 'other'))
  })

  afterEach(() => {
    opened.forEach((fd) => closeSync(fd))
    opened = []
  })

  after(() => rmSync(base, { recursive: true, force: true }))

  /** A provider that keeps the contract. */
  const good: Lend = async ({ reference, signal }) => {
    if (signal?.aborted === true) throw new CaissonError({ code: 'ERR_ABORTED', what: 'rootfs' })
    if (reference === 'missing') {
      throw new CaissonError({ code: 'ERR_ROOTFS_NOT_FOUND', what: 'rootfs', field: 'from' })
    }
    return {
      key: reference,
      parts: [{ at: '/', lowers: [join(base, reference)] }],
      extras: [],
      masked: [],
      copyOnWrite: true,
      release: () => Promise.resolve(),
    }
  }

  const failed = async (lend: Lend, schemes = ['test']): Promise<string[]> => {
    const outcomes = await collect((api) =>
      testRootfsProvider(api, {
        driver: () =>
          defineDriver({
            kind: 'rootfs',
            name: 'test',
            apiVersion: 1,
            schemes: ['test'],
            probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
            create: () => ({ schemes, lend }),
          }),
        good: () => 'root',
        other: () => 'other',
        bad: () => [{ title: 'missing', reference: 'missing', code: 'ERR_ROOTFS_NOT_FOUND' }],
        unwritten: () => [base],
      }),
    )
    expect(outcomes).to.have.length.greaterThan(9)
    return failures(outcomes)
  }

  it('passes a provider that keeps the contract', async () => {
    expect(await failed(good)).to.deep.equal([])
  })

  it('fails one that answers to other schemes than it declares', async () => {
    expect(await failed(good, ['else'])).to.deep.equal(['answers to the schemes of its manifest'])
  })

  it('fails one whose key is new each time', async () => {
    let n = 0
    const lend: Lend = async (request) => ({ ...(await good(request)), key: String(n++) })
    expect(await failed(lend)).to.deep.equal([
      'gives equal keys for equal roots, also at the same time',
    ])
  })

  it('fails one whose key is always the same', async () => {
    const lend: Lend = async (request) => ({ ...(await good(request)), key: 'same' })
    expect(await failed(lend)).to.deep.equal(['gives different keys for different roots'])
  })

  it('fails one that writes into what it lends', async () => {
    let n = 0
    const lend: Lend = async (request) => {
      writeFileSync(join(base, 'root/mark'), String(n++))
      return good(request)
    }
    expect(await failed(lend)).to.deep.equal(['writes nothing into what it lends'])
  })

  it('fails one that leaves descriptors open when it refuses', async () => {
    const lend: Lend = async (request) => {
      if (request.reference === 'missing') opened.push(openSync('/dev/null', 'r'))
      return good(request)
    }
    expect(await failed(lend)).to.deep.equal([
      'refuses bad references by code, and leaves no descriptor open',
    ])
  })

  it('fails one that refuses with an error of another kind', async () => {
    const lend: Lend = async (request) => {
      if (request.reference === 'missing') throw new Error('missing')
      return good(request)
    }
    expect(await failed(lend)).to.deep.equal([
      'refuses bad references by code, and leaves no descriptor open',
    ])
  })

  it('fails one that cannot take a root back twice, or ignores its AbortSignal', async () => {
    const lend: Lend = async ({ id, reference }) => {
      const lease = await good({ id, reference })
      let released = false
      const release = async (): Promise<void> => {
        if (released) throw new Error('released already')
        released = true
      }
      return { ...lease, release }
    }
    expect(await failed(lend)).to.deep.equal([
      'takes a root back more than once',
      'gives up when its AbortSignal says so',
    ])
  })

  it('fails one whose lowers are no directories', async () => {
    const lend: Lend = async (request) => ({
      ...(await good(request)),
      parts: [{ at: '/', lowers: ['relative'] }],
    })
    expect(await failed(lend)).to.include('lends a root of directories that are there')
  })
})
