// A process that has a snapshot store open, for assertions about several of them: its arguments are a module that exports
// `open`, the store's directory, what is to be done, and the base. It says what the store has promised, a line each.
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { SnapshotBase } from '@caisson/core'
import { writeUpper, type SnapshotStoreSuiteOptions } from './snapshots-bench.js'

const [, , module = '', directory = '', work = '', baseText = '{}', more = ''] = process.argv

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

const { open }: Pick<SnapshotStoreSuiteOptions, 'open'> = await import(pathToFileURL(module).href)
const base: SnapshotBase = JSON.parse(baseText)
const opened = await open(directory)
const { snapshots } = opened

/** Keeps one after the other, each upon the one before, and now and then gives one up. */
async function keepMany(count: number): Promise<void> {
  let parent: string | undefined
  for (let n = 0; n < count; n++) {
    const place = await snapshots.begin({ base, parent })
    const name = `${process.pid}-${n}`
    writeUpper(place.directory, { [name]: name })
    if (n % 3 === 2) {
      await snapshots.discard(place.id)
      continue
    }
    const kept = await snapshots.keep(place.id, { name })
    await snapshots.discard(place.id)
    const held = await snapshots.hold(kept.id)
    held.release()
    say(`${kept.id} ${name}`)
    parent = kept.id
  }
}

if (work === 'hold') {
  const held = await snapshots.hold(more)
  const place = await snapshots.begin({ base })
  writeUpper(place.directory, { left: 'left behind' })
  await snapshots.delete(held.snapshot.id)
  say(place.directory)
  // until it is killed
  setInterval(() => {}, 60_000)
} else {
  await keepMany(Number(more))
  await opened[Symbol.asyncDispose]()
  say('done')
}
