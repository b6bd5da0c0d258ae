import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, pivotRoot } from 'caisson'
import { defineDriver, LAUNCHER, type DirectoryJail, type Launcher } from '@caisson/core'
import { emptyStore, openEngine } from './snapshot-engine.js'

const LEVELS = 70
type AnyContainer = Awaited<ReturnType<Awaited<ReturnType<typeof openEngine>>['create']>>

/** All that is to be seen of a few directories: types, owners, modes, times, sizes, links, contents. */
const look =
  "cd /; find w etc -type d -exec stat -c '%N %F %a %u:%g %Y' {} + | sort; " +
  "find w etc ! -type d -exec stat -c '%N %F %a %u:%g %Y %s %t,%T' {} + | sort; " +
  'find w etc -type f -exec md5sum {} + | sort; ' +
  // files of several names; names that are not to be seen any more do not count
  'for a in w/*; do for b in w/*; do [ -f $a ] && [ ! -h $a ] && [ $a -ef $b ] && echo $a is $b; done; done'

async function see(container: AnyContainer): Promise<string> {
  const { stdout, stderr } = await container.sh(look)
  expect(stderr).to.equal('')
  return stdout
}

/** What level n does: of each kind of change something, and over what levels below did. */
function work(n: number): string {
  const other = `d${(n * 7) % 10}`
  return [
    'mkdir -p /w; cd /w',
    `rm -rf ${other}; mkdir -p d${n % 10}/sub; echo ${n} > d${n % 10}/sub/f${n}`,
    `echo ${n} >> all; ln -f all link${n % 3}; chmod ${n % 2 ? '4711' : '640'} all`,
    `rm -rf x; ${n % 3 ? `mkdir x; echo ${n} > x/in${n}` : 'echo file > x'}`,
    `rm -f /etc/group; ${n % 4 ? 'echo group > /etc/group' : 'true'}`,
    `[ -e p ] && rm p || mkfifo p; ln -sfn /nowhere/${n} s; touch -d '2001-02-03 04:05:${10 + (n % 50)}' d${n % 10}`,
    `mv d${n % 10}/sub/f${n} moved 2>/dev/null; truncate -s ${n}m hole; echo end >> hole`,
  ].join('; ')
}

describe('a chain of forks', function () {
  this.timeout(240_000)
  let scratch = ''

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-squash-'))
  })
  after(async () => {
    await emptyStore(scratch)
    rmSync(scratch, { recursive: true, force: true })
  })

  for (const kept of [false, true]) {
    it(`of ${kept ? 'containers that live, each with a snapshot that is kept' : 'stopped containers'}, is put together past 64 levels, and looks the same all along`, async () => {
      await using engine = await openEngine(scratch)
      const { snapshots } = await engine.store()
      let container = await engine.create({ writable: { on: kept ? 'memory' : 'disk' } })
      const depths: number[] = []
      for (let n = 1; n <= LEVELS; n++) {
        await container.sh(work(n))
        const looks = n % 9 === 0 || n >= 63
        const before = looks ? await see(container) : ''
        if (!kept) await container.stop()
        const next = kept
          ? await engine.create({ from: await container.snapshot({ live: 'as-is' }) })
          : await container.fork()
        if (looks) expect(await see(next), `level ${n}`).to.equal(before)
        await container.remove()
        container = next
        const last = snapshots.list().toSorted((a, b) => a.createdMs - b.createdMs)
        if (kept) {
          const held = await snapshots.hold(last.at(-1)?.id ?? '')
          depths.push(held.depth)
          held.release()
        }
      }
      const deepest = await container.snapshot({ live: 'as-is' })
      const held = await snapshots.hold(deepest.id)
      expect(held.depth).to.be.within(2, 20)
      held.release()
      if (kept) expect(Math.max(...depths)).to.equal(64)
      // what was put together is compared like any other
      const changes: string[] = []
      for await (const { kind, path } of container.diff(deepest)) changes.push(`${kind} ${path}`)
      expect(changes).to.deep.equal([])
      await container.remove()
    })
  }
})

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

const text = (value: string): Uint8Array => Buffer.from(value)

/** A layer of anything that may lie in one, at names that other layers have too. */
async function fillLayer(jail: DirectoryJail, pick: (below: number) => number): Promise<void> {
  const fill = async (at: string, depth: number): Promise<void> => {
    for (const name of ['a', 'b', 'c', 'd']) {
      const path = `${at}/${name}`
      const mode = [0o644, 0o4755, 0o600, 0o1777][pick(4)] ?? 0
      const kind = pick(depth > 2 ? 6 : 9)
      const times = { atimeNs: 1_000_000_000n, mtimeNs: BigInt(pick(1 << 30)) * 1_000_000_007n }
      const entry = { path: text(path), mode, times }
      if (kind === 0) await jail.make({ ...entry, type: 'symlink', target: text(`/n${pick(9)}`) })
      if (kind === 1 || kind === 2) {
        await jail.make({ ...entry, type: 'file', content: text(`${path} ${pick(1000)}`) })
        if (pick(2) === 0) await jail.setXattr(text(path), 'user.kept', text(String(pick(99))))
        if (pick(2) === 0)
          await jail.make({
            ...entry,
            type: 'hardlink',
            path: text(`${path}2`),
            target: text(path),
          })
      }
      // a whiteout
      if (kind === 3)
        await jail.make({ ...entry, type: 'character', mode: 0, device: { major: 0, minor: 0 } })
      if (kind < 6) continue
      await jail.make({ ...entry, type: 'directory', mode: mode | 0o700 })
      if (pick(3) === 0) await jail.setXattr(text(path), 'user.overlay.opaque', text('y'))
      await fill(path, depth + 1)
    }
  }
  await fill('/w', 0)
}

describe('merged directories', function () {
  this.timeout(120_000)

  it('look as the kernel lays them over each other, whatever lies in them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'caisson-merge-'))
    const lowers = new Map<string, readonly string[]>()
    let launcher: Launcher | undefined
    const stack = defineDriver({
      kind: 'rootfs',
      name: 'stack',
      apiVersion: 1,
      schemes: ['stack'],
      inject: { found: LAUNCHER },
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: ({ found }) => {
        launcher = found
        return {
          schemes: ['stack'],
          lend: async ({ reference }) => ({
            key: `stack:${reference}`,
            parts: [{ at: '/', lowers: lowers.get(reference) ?? [] }],
            extras: [],
            masked: [],
            copyOnWrite: true,
            release: async () => {},
          }),
        }
      },
    })
    {
      // one id, so that the marks of overlays are attributes that anybody may set
      const isolation = pivotRoot({ launcher: { mode: 'single' } })
      const options = { stateDir: join(place, 'state'), dataDir: join(place, 'data') }
      await using engine = await createEngine({
        from: 'busybox:',
        rootfs: [stack],
        isolation,
        ...options,
      })
      await using copies = await createEngine({
        from: 'stack:',
        rootfs: [stack],
        isolation,
        copyOnWrite: 'copy',
        stateDir: options.stateDir,
        dataDir: join(place, 'copies'),
      })
      await engine.run(['true'])
      const made = readdirSync(options.dataDir, { recursive: true, encoding: 'utf8' })
      const busybox = made.find((path) => path.endsWith('/bin/busybox')) ?? ''
      const root = join(place, 'base')
      cpSync(join(options.dataDir, busybox, '../..'), root, {
        recursive: true,
        verbatimSymlinks: true,
      })
      for (let seed = 1; seed <= 8; seed++) {
        const pick = random(seed * 7919)
        const layers: string[] = []
        for (let n = 0; n < 6; n++) {
          const layer = join(place, `${seed}.${n}`)
          mkdirSync(join(layer, 'w'), { recursive: true })
          await using jail = await launcher?.jail?.(layer)
          if (jail === undefined) throw new Error('no jail')
          await fillLayer(jail, pick)
          layers.push(layer)
        }
        const merged = join(place, `${seed}.merged`)
        mkdirSync(merged)
        // the lowest of them stays below
        await launcher?.merge?.(layers.slice(0, 5), merged, [...layers.slice(5), root])
        lowers.set(`${seed}-all`, [...layers, root])
        lowers.set(`${seed}-merged`, [merged, ...layers.slice(5), root])
        const seen: string[] = []
        const strange: string[][] = []
        for (const which of ['all', 'merged', 'copied']) {
          const by = which === 'copied' ? copies : engine
          const from = `stack:${seed}-${which === 'copied' ? 'all' : which}`
          await using container = await by.create({ from })
          const { stdout, stderr } = await container.sh(look)
          seen.push(stdout)
          strange.push(stderr.split('\n'))
        }
        expect(seen[0]?.split('\n').length).to.be.greaterThan(5)
        expect(seen[1], `seed ${seed}`).to.equal(seen[0])
        expect(seen[2], `seed ${seed}, copied`).to.equal(seen[0])
        // whiteouts in directories that merge with none, which these layers have, are listed by the kernel; no others may be
        expect(strange[0]).to.include.members(strange[1] ?? [])
      }
    }
    rmSync(place, { recursive: true, force: true })
  })
})
