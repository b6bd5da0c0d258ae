import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCaissonError, type SnapshotBase } from '@caisson/core'
import { openLayerStore, type LayerStore } from '../dist/index.js'

/** A store in a directory of its own, for one test. */
export interface StoreFixture extends AsyncDisposable {
  readonly directory: string
  readonly store: LayerStore
  /** Another opening of the same, as another process has it. */
  again(): Promise<LayerStore>
  /** Names in one of its directories. */
  names(place: string): readonly string[]
}

export async function makeStore(): Promise<StoreFixture> {
  const scratch = mkdtempSync(join(tmpdir(), 'caisson-store-'))
  const directory = join(scratch, 'store')
  const opened: LayerStore[] = []
  const again = async (): Promise<LayerStore> => {
    const store = await openLayerStore({ directory, sync: false })
    opened.push(store)
    return store
  }
  const store = await again()
  return {
    directory,
    store,
    again,
    names: (place) => readdirSync(join(directory, place)),
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

/** Fills a layer with one file. */
export function oneFile(name: string, text: string): (to: { diff: string }) => Promise<void> {
  return async ({ diff }) => {
    mkdirSync(join(diff, 'etc'), { recursive: true })
    writeFileSync(join(diff, 'etc', name), text)
  }
}

/** A base that is no store's. */
export const foreignBase: SnapshotBase = {
  key: 'dir:/srv',
  parts: [{ at: '/', lowers: ['/srv'] }],
  extras: [{ kind: 'symlink', path: '/bin', target: 'usr/bin' }],
  masked: ['/etc/shadow'],
  durable: true,
}

/** The code of the error a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}
