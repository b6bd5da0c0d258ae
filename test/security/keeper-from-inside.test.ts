// A detached container is held by a launcher that takes orders at a socket. What runs in a container may have its user, and
// see the socket by a bind: it must not be heard.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { chroot, createEngine, pivotRoot, type DetachedContainer, type PresetEngine } from 'caisson'
import { requireAttacker } from './build-attacker.js'
import { EscapeRoot } from './escape-root.js'
import { readOutcomes } from './outcomes.js'

const single = { mode: 'single' } as const
/** In all but the first two, and as a user in those too, a container's root is the keeper's user. */
const isolations = [
  { title: 'pivotRoot', make: () => pivotRoot() },
  { title: 'chroot', make: () => chroot() },
  { title: 'pivotRoot, single id', make: () => pivotRoot({ launcher: single }) },
  { title: 'chroot, single id', make: () => chroot({ launcher: single }) },
]

describe('the keeper of a detached container, asked from inside of a container,', function () {
  this.timeout(60_000)
  let attacker: string
  let root: EscapeRoot
  let place: string

  before(function () {
    attacker = requireAttacker(this)
    root = new EscapeRoot(attacker)
    place = mkdtempSync(join(tmpdir(), 'caisson-keeper-'))
  })
  after(() => {
    root?.[Symbol.dispose]()
    if (place !== undefined) rmSync(place, { recursive: true, force: true })
  })

  for (const { title, make } of isolations) {
    describe(title, () => {
      let victim: PresetEngine
      let other: PresetEngine
      let kept: DetachedContainer
      let shown: string
      const socketOf = (state: string) => join(state, 'containers', kept.id, 'socket')

      before(async () => {
        shown = mkdtempSync(join(place, 'shown-'))
        const options = {
          isolation: make(),
          from: `dir:${root.path}`,
          onUnsupported: 'warn',
        } as const
        victim = await createEngine({ ...options, stateDir: join(shown, 'state') })
        other = await createEngine({ ...options, stateDir: mkdtempSync(join(place, 'other-')) })
        kept = await victim.create({ detached: true })
      })
      after(async () => {
        await kept?.remove()
        await victim?.[Symbol.asyncDispose]()
        await other?.[Symbol.asyncDispose]()
      })

      it('hears none of it, and goes on for its own', async () => {
        const result = await other.run(['/bin/attacker', 'keeper', socketOf('/shown/state')], {
          mounts: [{ kind: 'bind', from: shown, to: '/shown' }],
        })
        const found = readOutcomes(result.unwrap().stdout)
        expect([...found.keys()]).to.have.length(3)
        for (const [attempt, outcome] of found)
          expect(outcome, attempt).to.be.oneOf(['ECONNRESET', 'EACCES', 'EIO'])
        expect((await kept.exec('/bin/attacker', ['who'])).reason).to.equal('exit')
      })

      it('hears the same from outside, which shows that the attempt is one; not for somebody else', async () => {
        await kept.detach()
        const { stdout } = spawnSync(attacker, ['keeper', socketOf(join(shown, 'state'))], {
          encoding: 'utf8',
        })
        expect(Object.fromEntries(readOutcomes(stdout))).to.deep.equal({
          'connect and answer': 'OK',
          'answer for one who is dead': 'ECONNRESET',
          'answer for another': 'ECONNRESET',
        })
        kept = await victim.get(kept.id)
      })
    })
  }
})
