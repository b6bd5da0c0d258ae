import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR, type Driver } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import type { FreshProvider } from '@caisson/driver-testkit'
import { LAYER_STORE } from '@caisson/layer-store'

/** What builds of this process have left where temporary files are, and what still runs there. */
export function leftOvers(): readonly string[] {
  const own = `caisson-build.${process.pid}.`
  const running = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(own)
    } catch {
      // it has ended
      return false
    }
  })
  const places = [...new Set([tmpdir(), '/var/tmp', '/tmp'])]
  const left = places.flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.startsWith(own))
      .map((name) => join(place, name)),
  )
  return [...left, ...running.map((pid) => `process ${pid}`)]
}

/** What lies in a store that is no layer. */
export function staged(dataDir: string): readonly string[] {
  const layers = join(dataDir, 'store/layers')
  return existsSync(layers) ? readdirSync(layers).filter((name) => name.startsWith('.')) : []
}

/** Removes a data directory whose scope has ended: other ids than ours may own what is in layers, so the store removes them. */
export async function removeDataDir(dataDir: string, driver: Driver<'rootfs'>): Promise<void> {
  const scope = Scope.root().value(DATA_DIR, dataDir)
  // brings the launcher that removes what belongs to other ids
  driver.create(scope)
  const opened = await scope.resolve({ store: LAYER_STORE }).store.open()
  for (const { name } of opened.refs.list()) await opened.refs.delete(name)
  await opened.collect()
  await scope[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
}

/** A provider with a data directory of its own, for the conformance kit. */
export async function freshProvider(
  driver: Driver<'rootfs'>,
  reference: string,
): Promise<FreshProvider> {
  const dataDir = mkdtempSync(join(tmpdir(), 'caisson-fresh-'))
  const scope = Scope.root().value(DATA_DIR, dataDir)
  return {
    provider: driver.create(scope),
    reference,
    unfinished: () => [...staged(dataDir), ...leftOvers()],
    async [Symbol.asyncDispose]() {
      await scope[Symbol.asyncDispose]()
      await removeDataDir(dataDir, driver)
    },
  }
}
