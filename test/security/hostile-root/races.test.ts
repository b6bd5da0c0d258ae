// CVE-2021-30465, CVE-2018-15664, CVE-2026-41568 (the last not checked by us): while a container is made, somebody swaps a
// directory of its root with a link to the host, thousands of times a second.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { createEngine, isCaissonError, type Mount, type PresetEngine } from 'caisson'
import { HostileRoots, hostileScript, hostileShapes } from '@caisson/driver-testkit'
import { requireAttacker } from '../build-attacker.js'
import { isolations } from '../isolations.js'
import { Swapper } from './swapper.js'

const LEAST = 8
/** How often a start of the last race gives the racer a chance. */
const TRIES = 64
const MS = Number(process.env['CAISSON_RACE_MS'] ?? 1500)

interface Race {
  readonly title: string
  /** What is swapped, in the root or in the bound directory. */
  readonly at: string
  readonly inBound?: true
  /** How many starts there are at least, on a machine that is busy. Default: LEAST. */
  readonly least?: number
  /** What the link says. Default: the canary. */
  readonly link?: string
  /** @param start number of the start */
  readonly mounts: (roots: HostileRoots, start: number) => readonly Mount[]
}

const volume = (roots: HostileRoots, to: string): Mount => ({ kind: 'bind', from: roots.bound, to })
const races: readonly Race[] = [
  ...['/proc', '/sys', '/dev', '/dev/pts', '/dev/shm', '/etc', '/tmp', '/run', '/work'].map(
    (at) => ({
      title: at,
      at,
      mounts: () => [],
    }),
  ),
  { title: 'a volume', at: '/volume', mounts: (roots) => [volume(roots, '/volume')] },
  {
    title: 'the way to a volume',
    at: '/var/run',
    mounts: (roots) => [volume(roots, '/var/run/deep/volume')],
  },
  {
    title: 'the way to a bound file',
    at: '/etc',
    mounts: (roots) => [{ kind: 'bind', from: roots.boundFile, to: '/etc/resolv.conf' }],
  },
  {
    title: 'a directory of a volume on which another is mounted',
    at: 'inner',
    inBound: true,
    mounts: (roots) => [
      { kind: 'bind', from: roots.bound, to: '/volume', readonly: false },
      { kind: 'tmpfs', to: '/volume/inner/deep', size: '1MiB' },
    ],
  },
  // Host paths lead nowhere from where roots are put together; what is parked there for later mounts does. A path that is
  // looked at and then opened, instead of opened at once, makes directories in the canary within milliseconds.
  {
    title: 'a directory of a volume, swapped with a link to a mount that waits for its turn',
    at: 'inner',
    inBound: true,
    link: '/b/2',
    least: 120,
    mounts: (roots, start) => [
      { kind: 'bind', from: roots.bound, to: '/volume', readonly: false },
      { kind: 'tmpfs', to: '/tmp', size: '1MiB' },
      { kind: 'bind', from: roots.canary, to: '/later/in/the/order/of/mounts', readonly: false },
      // what is there already is not made: each start has names of its own, and each name is a try
      ...Array.from({ length: TRIES }, (_, n): Mount => ({
        kind: 'tmpfs',
        to: `/volume/inner/${start}-${n}`,
        size: '64KiB',
      })),
    ],
  },
]

/** A start in a race works, or is refused for what it found: nothing else may happen to it. */
const refusals: ReadonlySet<string> = new Set([
  'ERR_MOUNT_TARGET',
  'ERR_LAUNCH',
  'ERR_CWD',
  'ERR_USER_NOT_FOUND',
])

const shapeOf = hostileShapes.find(({ name }) => name === 'nothing')

describe('a root that changes while containers are made of it', function () {
  this.timeout(MS * 4 + 60_000)
  const engines = new Map<string, PresetEngine>()
  let attacker: string
  let begun = 0
  let starts = 0
  let refused = 0
  let swaps = 0

  before(async function () {
    attacker = requireAttacker(this)
    for (const { title, make } of isolations) {
      engines.set(title, await createEngine({ isolation: make() }))
    }
  })
  after(async () => {
    for (const engine of engines.values()) await engine[Symbol.asyncDispose]()
    console.log(`      ${starts} starts (${refused} refused) against ${swaps} swaps, ${MS} ms each`)
  })

  const startOne = async (engine: PresetEngine, race: Race, root: string, roots: HostileRoots) => {
    try {
      const result = await engine.run(['/bin/sh', '-c', hostileScript], {
        from: `dir:${root}`,
        cwd: race.at === '/work' ? '/work' : '/',
        mounts: race.mounts(roots, begun++),
        timeout: '30s',
      })
      // the way to its shell may be what is swapped; what it saw is of its root, or not at all
      expect(result.reason).to.equal('exit')
      expect(result.stdout).to.not.match(/canary|another/)
    } catch (error) {
      if (!isCaissonError(error) || !refusals.has(error.code)) throw error
      expect(error.step, error.message).to.be.a('string')
      refused++
    }
    starts++
  }

  for (const race of races) {
    it(`keeps the host as it is: ${race.title}`, async () => {
      if (shapeOf === undefined) throw new Error('there is that shape')
      const roots = new HostileRoots('/var/tmp')
      try {
        const root = roots.make(race.inBound === true ? '/volume' : race.at, shapeOf)
        const real = join(race.inBound === true ? roots.bound : root, race.at)
        mkdirSync(real, { recursive: true })
        const link = `${dirname(real)}/.${race.at.replaceAll('/', '-')}`
        symlinkSync(race.link ?? roots.canary, link)
        // in the root the link leads somewhere, too: what finds it there goes on, and gives the racer another try
        if (race.link !== undefined) mkdirSync(join(root, race.link), { recursive: true })
        const untouched = roots.fingerprintOfCanary()
        const swapper = await Swapper.start(attacker, real, link)
        const end = performance.now() + MS
        let made = 0
        const until = async (engine: PresetEngine): Promise<void> => {
          // a loaded machine takes longer for the few that are a race at all
          for (; performance.now() < end || made < (race.least ?? LEAST); made++)
            await startOne(engine, race, root, roots)
        }
        try {
          await Promise.all([...engines.values()].map(until))
        } finally {
          const count = await swapper.stop()
          swaps += count
          expect(count, 'it was a race').to.be.greaterThan(100)
        }
        expect(roots.fingerprintOfCanary(), 'the canary is as it was').to.deep.equal(untouched)
        rmSync(link, { force: true, recursive: true })
      } finally {
        roots.remove()
      }
    })
  }

  it('let containers start meanwhile: what is always refused is no race', () => {
    expect(starts - refused).to.be.greaterThan(starts / 10)
  })
})
