import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, isCaissonError, pivotRoot } from 'caisson'
import { defineDriver, type Driver } from '@caisson/core'
import { emptyStore } from './snapshot-engine.js'

const MOST = 500

/** `stack:<n>`: n directories over each other, the lowest of which is a root. */
function stackRootfs(place: string): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: 'stack',
    apiVersion: 1,
    schemes: ['stack'],
    probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({
      schemes: ['stack'],
      lend: async ({ reference }) => ({
        key: `stack:${reference}`,
        parts: [
          {
            at: '/',
            lowers: [
              ...Array.from({ length: Number(reference) - 1 }, (_, n) => join(place, `s${n}`)),
              join(place, 'base'),
            ],
          },
        ],
        extras: [],
        masked: [],
        copyOnWrite: true,
        release: async () => {},
      }),
    }),
  })
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error
  }
}

// As root once more as somebody without privileges would: a user namespace of the launcher's own, with a single id.
const modes =
  process.getuid?.() === 0
    ? ([
        ['of this user', undefined],
        ['of a user namespace with one id', pivotRoot({ launcher: { mode: 'single' } })],
      ] as const)
    : ([['of this user', undefined]] as const)

for (const [title, isolation] of modes) {
  describe(`overlays ${title}`, function () {
    this.timeout(60_000)
    let place = ''
    const open = (name: string) =>
      createEngine({
        from: 'stack:2',
        rootfs: [stackRootfs(place)],
        stateDir: join(place, `state-${name}`),
        dataDir: join(place, `data-${title.replaceAll(' ', '-')}`),
        ...(isolation === undefined ? {} : { isolation }),
      })

    before(async () => {
      place = mkdtempSync(join(tmpdir(), 'caisson-overlay-'))
      await using engine = await createEngine({
        from: 'busybox:',
        stateDir: join(place, 'state'),
        dataDir: join(place, 'data'),
      })
      await engine.run(['true'])
      const made = readdirSync(join(place, 'data'), { recursive: true, encoding: 'utf8' })
      const busybox = made.find((path) => path.endsWith('/bin/busybox')) ?? ''
      const root = join(place, 'data', busybox, '../..')
      cpSync(root, join(place, 'base'), { recursive: true, verbatimSymlinks: true })
      mkdirSync(join(place, 'base/lower/deep'), { recursive: true })
      writeFileSync(join(place, 'base/lower/deep/file'), 'x')
      for (let n = 0; n < MOST; n++) {
        mkdirSync(join(place, `s${n}/in`), { recursive: true })
        writeFileSync(join(place, `s${n}/in/${n}`), String(n))
      }
    })

    after(() => {
      rmSync(place, { recursive: true, force: true })
    })

    it(`lay ${MOST} directories over each other, and show those of all`, async () => {
      await using engine = await open('most')
      await using container = await engine.create({ from: `stack:${MOST}` })
      const look = 'ls /in | wc -l; cat /in/0 /in/498 /lower/deep/file; rm -r /in /lower; ls -d /in'
      const { stdout, exitCode } = await container.sh(look)
      expect([stdout, exitCode]).to.deep.equal([`${MOST - 1}\n0498x`, 1])
      const changes: string[] = []
      for await (const { kind, path } of container.changes()) changes.push(`${kind} ${path}`)
      expect(changes).to.have.members(['deleted /in', 'deleted /lower'])
      expect(readdirSync(join(place, 's0/in'))).to.deep.equal(['0'])
    })

    it('refuse one more in the words of the kernel, and name the limit', async () => {
      await using engine = await open('more')
      const error = await errorOf(engine.create({ from: `stack:${MOST + 1}` }))
      if (!isCaissonError(error)) throw new Error(`it was not refused: ${String(error)}`)
      expect(error).to.deep.include({
        code: 'ERR_ROOTFS_LAYERS',
        step: 'overlay',
        errno: 'EINVAL',
        field: 'from',
      })
      expect(error.message).to.match(/500/)
      expect(error.subject).to.match(/too many lower directories, limit is 500/)
    })

    for (const on of ['memory', 'disk'] as const) {
      it(`remove directories that lie below, with writes to ${on}, and make them anew`, async () => {
        await using engine = await open(on)
        await using container = await engine.create({ writable: { on } })
        const script =
          'rm -r /lower && mkdir /lower && ls -A /lower && mv /bin /bin2 && /bin2/mv /bin2 /bin && ls /bin/sh'
        const { stdout, stderr } = await container.sh(script)
        expect([stdout, stderr]).to.deep.equal(['/bin/sh\n', ''])
        await container.remove()
        await emptyStoreOf(engine)
      })
    }

    it('are mounted with every option said that differs from one distribution to the next', async () => {
      await using engine = await open('options')
      const said = await engine.explain(['true'])
      for (const option of ['redirect_dir=nofollow', 'metacopy=off', 'index=off', 'xino=off'])
        expect(said).to.include(option)
      const mapped = (await engine.run(['cat', '/proc/self/uid_map'])).stdout.trim().split(/\s+/)
      const isHostRoot = process.getuid?.() === 0 && isolation === undefined
      // a line of three numbers for each range
      expect(mapped.length % 3).to.equal(0)
      expect(said.includes('userxattr')).to.equal(!isHostRoot)
    })
  })
}

async function emptyStoreOf(engine: Awaited<ReturnType<typeof createEngine>>): Promise<void> {
  const store = await engine.store()
  await store.collect()
  expect(readdirSync(join(store.directory, 'snaps'))).to.deep.equal([])
}

describe('a place for writes', function () {
  this.timeout(60_000)

  it('is refused to a second container, of whichever process', async () => {
    const place = mkdtempSync(join(tmpdir(), 'caisson-overlay-'))
    const open = (state: string) =>
      createEngine({ from: 'busybox:', stateDir: join(place, state), dataDir: join(place, 'data') })
    {
      await using first = await open('first')
      await using second = await open('second')
      await using container = await first.create({ writable: { on: 'disk' } })
      await container.sh('echo mine > /mine')
      // what the second one would do, had it been given the same place: engines have launchers of their own
      const snaps = join((await first.store()).directory, 'snaps')
      const [name = ''] = readdirSync(snaps)
      const meta = readdirSync(join(snaps, name))
      expect(meta).to.include('0')
      const store = await second.store()
      const { snapshots } = store
      const begin = snapshots.begin.bind(snapshots)
      snapshots.begin = async (origin) => {
        const active = await begin(origin)
        await snapshots.discard(active.id)
        return { id: active.id, directory: join(snaps, name) }
      }
      const error = await errorOf(second.create({ writable: { on: 'disk' } }))
      if (!isCaissonError(error)) throw new Error(`it was not refused: ${String(error)}`)
      expect(error).to.deep.include({ code: 'ERR_STORE_BUSY', step: 'diskUpper', errno: 'EAGAIN' })
      expect((await container.sh('cat /mine')).stdout).to.equal('mine\n')
    }
    await emptyStore(place)
    rmSync(place, { recursive: true, force: true })
  })
})
