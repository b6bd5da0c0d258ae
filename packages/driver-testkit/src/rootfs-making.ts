import type { RootLease, RootfsProvider } from '@caisson/core'
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { rejection } from './expectations.js'
import { defineTest, type TestApi } from './test-api.js'
import { until } from './until.js'

/** What a provider says of a root that it makes, to the `onProgress` of its options. */
export interface MakingProgress {
  /** `exists` when nothing is to be done, `done` at the end; between them what the provider does. */
  readonly phase: string
  /** What it is about. */
  readonly subject: string
  /** Bytes, entries or packages that are done, and all of them; 0: nobody knows. */
  readonly bytes: number
  readonly count: number
  readonly total: number
}

/** A provider that nothing has been asked of yet, with a data directory of its own. */
export interface FreshProvider extends AsyncDisposable {
  readonly provider: RootfsProvider
  /** Without the scheme: a root that it has to make first. */
  readonly reference: string
  /** Names of what unfinished work has left: directories, files, processes. */
  readonly unfinished: () => readonly string[]
}

/** For providers that make roots, and do not just find them. */
export interface RootfsMaking {
  readonly fresh: (onProgress: (progress: MakingProgress) => void) => Promise<FreshProvider>
  /** What it says that it does while it makes a root, in order, without `done`. */
  readonly phases: readonly string[]
  /** How long what it began may take to go. Default 20 seconds. */
  readonly patienceMs?: number
}

function assertThere(lease: RootLease): void {
  for (const lower of lease.parts.flatMap((part) => part.lowers)) assert.ok(statSync(lower))
}

function phasesOf(told: readonly MakingProgress[]): readonly string[] {
  return [...new Set(told.map(({ phase }) => phase))]
}

function assertProgress(told: readonly MakingProgress[]): void {
  const counts = new Map<string, number>()
  for (const { phase, subject, bytes, count, total } of told) {
    assert.notEqual(subject, '', `${phase} says what it is about`)
    for (const number of [bytes, count, total]) {
      assert.ok(Number.isSafeInteger(number) && number >= 0, `${phase}: ${number}`)
    }
    assert.ok(count >= (counts.get(phase) ?? 0), `${phase} never goes back`)
    counts.set(phase, count)
  }
}

async function nothingUnfinished({ unfinished }: FreshProvider, patienceMs: number): Promise<void> {
  await until('nothing is left behind', () => unfinished().length === 0, patienceMs).catch(() => {
    // who waits in vain wants to know for what
    assert.deepEqual(unfinished(), [])
  })
}

/** What is asked of a provider that makes roots. */
export function testMaking(
  api: TestApi,
  { fresh, phases, patienceMs = 20_000 }: RootfsMaking,
): void {
  defineTest(
    api,
    'tells how far it is, leaves nothing, and has the root the next time',
    async () => {
      const told: MakingProgress[] = []
      await using made = await fresh((one) => void told.push(one))
      const { provider, reference } = made
      const lend = () => provider.lend({ id: 'kit', reference })
      const [one, also] = await Promise.all([lend(), lend()])
      assertThere(one)
      assert.deepEqual(phasesOf(told), [...phases, 'done'])
      assert.equal(told.filter(({ phase }) => phase === 'done').length, 1, 'it is made once')
      assertProgress(told)
      await nothingUnfinished(made, patienceMs)
      told.length = 0
      const two = await lend()
      assert.equal(two.key, one.key)
      assert.ok(phasesOf(told).every((phase) => phase === 'exists' || phase === 'done'))
      assert.equal(told[0]?.phase, 'exists')
      await Promise.all([one, also, two].map((lease) => lease.release()))
    },
  )

  for (const phase of phases) {
    defineTest(api, `leaves nothing when it is given up at \`${phase}\``, async () => {
      const giveUp = new AbortController()
      await using made = await fresh((one) => one.phase === phase && giveUp.abort())
      const { provider, reference } = made
      const lending = () => provider.lend({ id: 'kit', reference, signal: giveUp.signal })
      await rejection(lending, 'ERR_ABORTED')
      await nothingUnfinished(made, patienceMs)
      // the farther it was, the more there is to begin anew
      if (phase !== phases.at(-1)) return
      const lease = await provider.lend({ id: 'kit', reference })
      assertThere(lease)
      await lease.release()
    })
  }

  defineTest(api, 'makes a root for one of two when the other gives up', async () => {
    const giveUp = new AbortController()
    await using made = await fresh(() => giveUp.abort())
    const { provider, reference } = made
    const lost = provider.lend({ id: 'kit', reference, signal: giveUp.signal })
    const kept = provider.lend({ id: 'kit', reference })
    await rejection(() => lost, 'ERR_ABORTED')
    const lease = await kept
    assertThere(lease)
    await lease.release()
    await nothingUnfinished(made, patienceMs)
  })
}
