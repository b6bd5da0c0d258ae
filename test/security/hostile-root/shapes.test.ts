// Everything that a container mounts over, looks up or works in, as everything that it should not be: CVE-2019-19921,
// CVE-2021-30465, CVE-2023-27561, CVE-2024-9676, CVE-2025-31133, CVE-2025-52565, CVE-2026-41579 (the last not checked by us).
import { expect } from 'chai'
import {
  createEngine,
  isCaissonError,
  type ExecResult,
  type PresetEngine,
  type Spec,
} from 'caisson'
import {
  HostileRoots,
  hostileScript,
  hostileShapes,
  hostileTargets,
  type HostileShape,
} from '@caisson/driver-testkit'
import { isolations } from '../isolations.js'
import { expectedOutcome } from './expected.js'

/** Far from /tmp, which chroot() covers: what a link names there would be out of sight. */
const PARENT = '/var/tmp'
const IN_FLIGHT = 3
const shell = '/bin/sh'
const script = ['-c', hostileScript]

async function outcome(work: () => PromiseLike<ExecResult>): Promise<string> {
  try {
    const result = await work()
    return result.ok && result.stdout === '' ? 'works' : `${result.reason}: ${result.stdout}`
  } catch (error) {
    if (!isCaissonError(error)) throw error
    return [error.code, error.step, error.errno].join(' ')
  }
}

describe('a hostile root', function () {
  this.timeout(120_000)

  for (const { title, make, singleIdOfRoot } of isolations) {
    // it differs from the one without by ids alone
    if (title === 'chroot, single id') continue
    describe(title, () => {
      const driver = make()
      let engine: PresetEngine
      let roots: HostileRoots
      let untouched: string[]
      let hasUser: boolean

      before(async () => {
        roots = new HostileRoots(PARENT)
        untouched = roots.fingerprint()
        engine = await createEngine({ isolation: driver })
        const ids = await engine.run(['cat', '/proc/self/uid_map'])
        hasUser = !singleIdOfRoot && Number(ids.stdout.trim().split(/\s+/)[2]) > 1000
        if (!hasUser) console.log('        without other users than root: there is a single id')
      })
      after(async () => {
        await engine?.[Symbol.asyncDispose]()
        roots?.remove()
      })

      const specOf = (target: string, root: string): Spec & { readonly cwd: string } => ({
        from: `dir:${root}`,
        cwd: '/work',
        mounts: [
          {
            kind: 'bind',
            from: roots.bound,
            to: target === '/var/run' ? '/var/run/volume' : '/volume',
          },
          ...(target === '/etc/resolv.conf'
            ? [{ kind: 'bind' as const, from: roots.boundFile, to: target }]
            : []),
        ],
      })

      /** Of run and exec, by root and by a user with a name: as said in the table, or what was different. */
      const differences = async (target: string, shape: HostileShape): Promise<string[]> => {
        const spec = specOf(target, roots.make(target, shape))
        const found: (readonly [string, 'root' | 'named', string])[] = []
        const users = [...(hasUser ? (['named'] as const) : []), 'root' as const]
        for (const user of users) {
          const options = { timeout: '30s', user: user === 'named' ? 'tester' : 0 } as const
          found.push([
            'run',
            user,
            await outcome(() => engine.run([shell, ...script], { ...spec, ...options })),
          ])
        }
        try {
          await using container = await engine.create(spec)
          // root last: it damages what the other needs
          for (const user of users) {
            const options = { timeout: '30s', user: user === 'named' ? 'tester' : 0 } as const
            found.push(['exec', user, await outcome(() => container.exec(shell, script, options))])
          }
        } catch (error) {
          if (!isCaissonError(error)) throw error
          found.push(['create', 'root', [error.code, error.step, error.errno].join(' ')])
        }
        return found
          .map(([how, user, got]) => {
            const wanted = expectedOutcome(driver.name, target, shape.name, user)
            return got === wanted ? '' : `${shape.name}, ${how} as ${user}: ${got}, not ${wanted}`
          })
          .filter((text) => text !== '')
      }

      for (const target of hostileTargets) {
        it(`with anything at ${target}`, async () => {
          const shapes = hostileShapes.filter(
            (shape) => !shape.needsRoot || process.getuid?.() === 0,
          )
          const wrong: string[] = []
          const waiting = [...shapes]
          await Promise.all(
            Array.from({ length: IN_FLIGHT }, async () => {
              for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
                wrong.push(...(await differences(target, next)))
              }
            }),
          )
          expect(wrong).to.deep.equal([])
          expect(roots.fingerprint(), 'the canary is as it was').to.deep.equal(untouched)
        })
      }
    })
  }
})
