// A container can nest directories deeper than any path is long, by moving trees into each other. What names them by their
// paths fails there: none of it may keep a store, or another container, from its work.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isCaissonError, type WatchEvent } from 'caisson'
import { openEngine, run, type AnyEngine } from './snapshot-engine.js'

const LEVELS = 6 * 15
/** /a, more than 18,000 bytes deep. */
const digDeep = `n=$(printf '%0200d' 0); i=0
  while [ $i -lt 6 ]; do
    mkdir /t; cd /t; k=1; while [ $k -lt 15 ]; do mkdir $n; cd $n; k=$((k+1)); done
    [ ! -e /a ] || mv /a $n; cd /; mv /t /a; i=$((i+1))
  done`

const DIG = `
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int left = argc > 1 ? atoi(argv[1]) : 0; left > 0; left--)
		if (mkdir("d", 0755) < 0 || chdir("d") < 0)
			return 1;
	return 0;
}
`

describe('a tree deeper than paths are long', function () {
  this.timeout(30_000)
  let directory: string
  let engine: AnyEngine

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-deep-'))
    engine = await openEngine(directory)
  })
  afterEach(async () => {
    await engine[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const stored = async (): Promise<readonly string[]> => {
    const store = await engine.store()
    return [
      ...readdirSync(join(store.directory, 'snaps')),
      ...readdirSync(join(store.directory, 'trash')),
    ]
  }

  it('is written to disk, and goes with its container', async () => {
    const container = await engine.create({ writable: { on: 'disk' } })
    await run(container, digDeep)
    expect((await engine.diskUsage()).bytes).to.be.greaterThan(LEVELS)
    await container.remove()
    await engine.prune()
    expect(await stored()).to.deep.equal([])
  })

  it('is kept by a snapshot, and goes with it', async () => {
    const container = await engine.create({ writable: { on: 'disk' } })
    await run(container, digDeep)
    await container.stop()
    const snapshot = await container.snapshot()
    await container.remove()
    expect((await engine.diskUsage()).store?.snapshots.count).to.equal(1)
    await snapshot.delete()
    await engine.prune()
    expect(await stored()).to.deep.equal([])
  })

  it('cannot be copied or listed: that is an error that says so, and nothing of it stays', async () => {
    const container = await engine.create()
    await run(container, digDeep)
    const list = async (): Promise<void> => {
      for await (const change of container.changes()) expect(change.path).to.be.a('string')
    }
    for (const work of [() => container.snapshot(), list]) {
      const error: unknown = await work().then(
        () => undefined,
        (failure: unknown) => failure,
      )
      expect(isCaissonError(error, 'ERR_LAUNCH'), String(error)).to.equal(true)
      expect(String(error)).to.include('deeper than a path may be long')
    }
    expect(await stored()).to.deep.equal([])
    await container.remove()
  })

  it('is removed however deep it is: more levels than 16 bits count', async function () {
    const hostile = join(directory, 'dig.c')
    const program = join(directory, 'dig')
    writeFileSync(hostile, DIG)
    if (spawnSync('cc', ['-O1', '-static', '-o', program, hostile]).status !== 0) {
      console.log(
        '      skipped: needs a C compiler and its static library (apt-get install gcc libc6-dev)',
      )
      return this.skip()
    }
    const container = await engine.create({ writable: { size: '256MiB', inodes: 80_000 } })
    await container.fs.copyIn(program, '/dig')
    await run(container, 'mkdir /abyss; cd /abyss; /dig 66000')
    await container.fs.rm('/abyss', { recursive: true })
    expect(await container.fs.exists('/abyss')).to.equal(false)
    await container.remove()
    return undefined
  })

  it('does not end a watch above it', async () => {
    const container = await engine.create()
    await run(container, `mkdir /w; ${digDeep}; mv /a /w/a`)
    const seen: WatchEvent[] = []
    const abort = new AbortController()
    const watch = container.fs.watch('/w', { recursive: true, signal: abort.signal })
    const events = watch[Symbol.asyncIterator]()
    // an event of our own shows that the watch stands
    const first = events.next()
    const begin = (): Promise<number> => container.fs.writeFile('/w/begin', '').then(() => 0)
    while ((await Promise.race([first, begin()])) === 0);
    const moved = run(container, 'mkdir /b; mv /w/a /b/a; mv /b /w/b; touch /w/end')
    for (let next = await first; next.done !== true; next = await events.next()) {
      seen.push(next.value)
      if (next.value.path === 'end') break
    }
    await moved
    abort.abort()
    expect(seen.map(({ path }) => path)).to.include('end')
    await container.remove()
  })
})
