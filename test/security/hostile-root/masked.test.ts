// CVE-2025-31133: what a provider hides (a shadow file, keys) is covered by the host's own /dev/null, whatever the root has in
// its place; and a cover takes what is written to it, and keeps nothing.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, isCaissonError, type PresetEngine } from 'caisson'
import { defineDriver, type Driver } from '@caisson/core'
import { HostileRoots, hostileShapes } from '@caisson/driver-testkit'
import { isolations } from '../isolations.js'

const HIDDEN = '/keep/secret'
/** What the script finds there, or code, step and errno. */
const outcomes: Readonly<Record<string, string>> = {
  // inside of the root there is nothing of that name
  'absolute link': 'nothing',
  'climbing link': 'nothing',
  'dangling link': 'nothing',
  'link through /proc': 'nothing',
  'link to itself': 'ERR_LAUNCH mask ELOOP',
  FIFO: 'cover',
  'regular file': 'cover',
  'null device': 'cover',
  'console device': 'cover',
  whiteout: 'nothing',
  nothing: 'nothing',
}
const script = `if [ ! -e ${HIDDEN} ]; then echo nothing; exit; fi
  [ "$(stat -c %t:%T ${HIDDEN})" = 1:3 ] || echo "no cover"
  echo x > ${HIDDEN}; [ -z "$(cat ${HIDDEN})" ] && echo cover
  rm -f ${HIDDEN} 2>/dev/null; chmod 0 ${HIDDEN} 2>/dev/null && echo changed; [ -c ${HIDDEN} ] || echo "taken away"`

/** Lends a directory, with one path of it hidden. */
function maskedRootfs(): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: 'masked',
    apiVersion: 1,
    schemes: ['masked'],
    probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({
      schemes: ['masked'],
      lend: ({ reference }) =>
        Promise.resolve({
          key: `masked:${reference}`,
          parts: [{ at: '/', lowers: [reference] }],
          extras: [],
          masked: [HIDDEN, '/keep/directory', '/keep/missing'],
          copyOnWrite: true,
          release: () => Promise.resolve(),
        }),
    }),
  })
}

describe('what a provider hides in a hostile root', function () {
  this.timeout(60_000)

  for (const { title, make } of isolations) {
    describe(title, () => {
      let engine: PresetEngine
      let roots: HostileRoots

      before(async () => {
        roots = new HostileRoots('/var/tmp')
        engine = await createEngine({ isolation: make(), rootfs: [maskedRootfs()] })
      })
      after(async () => {
        await engine?.[Symbol.asyncDispose]()
        roots?.remove()
      })

      it('is covered whatever it is, or the start is refused', async () => {
        const untouched = roots.fingerprint()
        for (const shape of hostileShapes) {
          if (shape.needsRoot && process.getuid?.() !== 0) continue
          const root = roots.make(HIDDEN, shape)
          mkdirSync(join(root, 'keep/directory'), { recursive: true })
          writeFileSync(join(root, 'keep/directory/key'), 'secret')
          let found: string
          try {
            const result = await engine.run(['/bin/sh', '-c', script], { from: `masked:${root}` })
            found = result.stdout.trim()
            const listed = await engine.run(['/bin/ls', '/keep/directory'], {
              from: `masked:${root}`,
            })
            expect(listed.stdout, 'an empty directory').to.equal('')
          } catch (error) {
            if (!isCaissonError(error)) throw error
            found = [error.code, error.step, error.errno].join(' ')
          }
          expect(found, shape.name).to.equal(outcomes[shape.name])
        }
        expect(roots.fingerprint(), 'the canary is as it was').to.deep.equal(untouched)
      })
    })
  }
})
