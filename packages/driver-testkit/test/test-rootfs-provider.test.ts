import { CaissonError, defineDriver, type RootfsProvider } from '@caisson/core'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, failures } from './collect.js'

type Lend = RootfsProvider['lend']

let base = ''
let count = 0
const opened: number[] = []

/** Keeps the contract. */
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

const releasedOnce: Lend = async (request) => {
  const lease = await good(request)
  let released = false
  const release = async (): Promise<void> => {
    if (released) throw new Error('released already')
    released = true
  }
  return { ...lease, release }
}

/** What is wrong, how it lends, and the titles of the tests that must notice. */
const broken: readonly (readonly [what: string, lend: Lend, noticed: readonly string[]])[] = [
  [
    'whose key is new each time',
    async (request) => ({ ...(await good(request)), key: String(count++) }),
    ['gives equal keys for equal roots, also at the same time'],
  ],
  [
    'whose key is always the same',
    async (request) => ({ ...(await good(request)), key: 'same' }),
    ['gives different keys for different roots'],
  ],
  [
    'that writes into what it lends',
    (request) => {
      writeFileSync(join(base, 'root/mark'), String(count++))
      return good(request)
    },
    ['writes nothing into what it lends'],
  ],
  [
    'that leaves descriptors open when it refuses',
    (request) => {
      if (request.reference === 'missing') opened.push(openSync('/dev/null', 'r'))
      return good(request)
    },
    ['refuses bad references by code, and leaves no descriptor open'],
  ],
  [
    'that refuses with an error of another kind',
    async (request) => {
      if (request.reference === 'missing') throw new Error('missing')
      return good(request)
    },
    ['refuses bad references by code, and leaves no descriptor open'],
  ],
  ['that cannot take a root back twice', releasedOnce, ['takes a root back more than once']],
  [
    'that ignores its AbortSignal',
    ({ id, reference }) => good({ id, reference }),
    ['gives up when its AbortSignal says so'],
  ],
  [
    'whose lowers are no directories',
    async (request) => ({ ...(await good(request)), parts: [{ at: '/', lowers: ['relative'] }] }),
    [
      'lends a root of directories that are there',
      'takes a root back more than once',
      'keeps what it lent when the AbortSignal comes later',
    ],
  ],
]

async function failed(lend: Lend, schemes = ['test']): Promise<string[]> {
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

describe('testRootfsProvider', () => {
  before(() => {
    base = mkdtempSync(join(tmpdir(), 'caisson-kit-test-'))
    mkdirSync(join(base, 'root'))
    mkdirSync(join(base, 'other'))
  })

  afterEach(() => opened.splice(0).forEach((fd) => closeSync(fd)))

  after(() => rmSync(base, { recursive: true, force: true }))

  it('passes a provider that keeps the contract', async () => {
    expect(await failed(good)).to.deep.equal([])
  })

  it('fails one that answers to other schemes than it declares', async () => {
    expect(await failed(good, ['else'])).to.deep.equal(['answers to the schemes of its manifest'])
  })

  for (const [what, lend, noticed] of broken) {
    it(`fails one ${what}`, async () => {
      expect(await failed(lend)).to.deep.equal(noticed)
    })
  }
})
