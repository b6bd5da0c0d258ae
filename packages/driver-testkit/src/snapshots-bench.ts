import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  requireProgram,
  type KeepOptions,
  type RootLease,
  type SnapshotBase,
  type SnapshotOrigin,
  type SnapshotStore,
} from '@caisson/core'
import { seenRoot, type SeenRoot } from './seen-root.js'
import { skip } from './test-api.js'

/** A store that is open, as an engine has it. */
export interface OpenedSnapshotStore extends AsyncDisposable {
  readonly snapshots: SnapshotStore
  /** What the provider of `layer:` lends for a name of `commit`; rejects where nothing has the name. */
  lend(name: string): Promise<RootLease>
  /** A root that is one layer of the store, filled by `fill`. Absent: the store has no layers. */
  layered?(fill: (directory: string) => Promise<void>): Promise<SnapshotBase>
}

/** How a conformance suite comes by stores. */
export interface SnapshotStoreSuiteOptions {
  /**
   * Opens the store that is kept in a directory of the kit's, and makes it where it is not there. Each opening stands for a
   * process: closing it is what the end of one is.
   */
  readonly open: (directory: string) => Promise<OpenedSnapshotStore>
  /** Absolute path of a module that exports `open`, for other processes. Without it, what needs several is skipped. */
  readonly module?: string
}

/** One test of a snapshot store. */
export interface SnapshotsTest {
  readonly title: string
  readonly run: (bench: SnapshotsBench) => Promise<void>
}

/** What was written, by path; undefined: deleted. */
export type Writes = Readonly<Record<string, string | undefined>>

/** Writes as a container's overlay leaves them in its upper directory. */
export function writeUpper(place: string, writes: Writes, part = 0): void {
  const upper = join(place, String(part), 'upper')
  mkdirSync(upper, { recursive: true })
  for (const [path, content] of Object.entries(writes)) {
    const file = join(upper, path)
    mkdirSync(dirname(file), { recursive: true })
    if (content !== undefined) writeFileSync(file, content)
    else if (spawnSync('mknod', [file, 'c', '0', '0']).status !== 0)
      skip('this host lets this user make no whiteouts')
  }
}

/** A process of its own that has the store open. */
export interface StoreProcess extends AsyncDisposable {
  /** What it says next; undefined at its end. A failure when it ended badly by itself. */
  next(): Promise<string | undefined>
  /** Everything that it still says. */
  rest(): Promise<readonly string[]>
  /** By SIGKILL; waits until it is gone. */
  kill(): Promise<void>
}

const child = fileURLToPath(new URL('./snapshots-child.js', import.meta.url))

/** A store for one test, in a directory of its own, and roots to lie upon. */
export class SnapshotsBench implements AsyncDisposable {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'caisson-kit-store-'))
  readonly #options: SnapshotStoreSuiteOptions
  readonly #opened: AsyncDisposable[] = []

  constructor(options: SnapshotStoreSuiteOptions) {
    this.#options = options
  }

  get directory(): string {
    return join(this.#scratch, 'store')
  }

  async open(): Promise<OpenedSnapshotStore> {
    const opened = await this.#options.open(this.directory)
    this.#opened.push(opened)
    return opened
  }

  /** Two parts: `/` with a, b, dir/x and dir/y, and `/data` with d. Lent for good, unless `durable` is false. */
  base(durable = true): SnapshotBase {
    const [root, data] = [join(this.#scratch, 'root'), join(this.#scratch, 'data')]
    if (!existsSync(root)) {
      for (const path of [join(root, 'dir'), data]) mkdirSync(path, { recursive: true })
      for (const name of ['a', 'b', 'dir/x', 'dir/y'])
        writeFileSync(join(root, name), `${name} of the base`)
      writeFileSync(join(data, 'd'), 'd of the base')
    }
    const parts = [
      { at: '/', lowers: [root] },
      { at: '/data', lowers: [data] },
    ]
    return { key: `kit:${root}`, parts, extras: [], masked: ['/etc/shadow'], durable }
  }

  /** What is seen of the base alone, changed. */
  seen(changes: Writes = {}): SeenRoot {
    const all: Record<string, string> = { ...seenRoot(this.base().parts) }
    for (const [path, content] of Object.entries(changes))
      if (content === undefined) Reflect.deleteProperty(all, path)
      else all[path] = content
    return all
  }

  /** The root that a snapshot is, by a hold of a moment. */
  async look(snapshots: SnapshotStore, id: string): Promise<SeenRoot> {
    const held = await snapshots.hold(id)
    try {
      return seenRoot(held.parts)
    } finally {
      held.release()
    }
  }

  /** Writes in a place of its own, and keeps that: as a container does that was stopped. The place is given back. */
  async keep(
    snapshots: SnapshotStore,
    origin: SnapshotOrigin,
    writes: Writes,
    options?: KeepOptions,
  ): Promise<string> {
    const place = await snapshots.begin(origin)
    writeUpper(place.directory, writes)
    const { id } = await snapshots.keep(place.id, options)
    await snapshots.discard(place.id)
    return id
  }

  /** Paths in the store's directory with a name, wherever. */
  find(name: string, at = this.directory): readonly string[] {
    return readdirSync(at).flatMap((one) => {
      const path = join(at, one)
      const below = lstatSync(path).isDirectory() ? this.find(name, path) : []
      return one === name ? [path, ...below] : below
    })
  }

  /** Holds the lock of a directory, as a launcher does that has it mounted. */
  async lock(directory: string): Promise<() => Promise<void>> {
    const words = ['-n', '-x', directory, 'sh', '-c', 'echo locked; exec cat']
    const process = spawn(requireProgram('flock', 'util-linux'), words, {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(process, 'exit')
    await Promise.race([once(process.stdout, 'data'), ended])
    return async () => {
      process.stdin.end()
      await ended
    }
  }

  /** @param work of snapshots-child.ts */
  start(work: string, ...more: readonly string[]): StoreProcess {
    const { module } = this.#options
    if (module === undefined) skip('no `module` that other processes could import')
    const args = [child, module, this.directory, work, JSON.stringify(this.base()), ...more]
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(started, 'exit')
    const complaints = started.stderr.toArray()
    const lines: AsyncIterator<string> = linesOf(started.stdout)
    const next = async (): Promise<string | undefined> => {
      const { done, value } = await lines.next()
      if (done !== true) return value
      const [code] = await ended
      const why = Buffer.concat(await complaints).toString()
      assert.equal(code, 0, `a process with the store open failed: ${why}`)
      return undefined
    }
    const kill = async (): Promise<void> => {
      started.kill('SIGKILL')
      started.stdout.destroy()
      await ended
    }
    return {
      next,
      kill,
      rest: async () => {
        const all: string[] = []
        for (let line = await next(); line !== undefined; line = await next()) all.push(line)
        await ended
        return all
      },
      [Symbol.asyncDispose]: kill,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#opened) await one[Symbol.asyncDispose]()
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const [last = '', ...whole] = `${rest}${chunk.toString()}`.split('\n').toReversed()
    rest = last
    yield* whole.toReversed()
  }
}
