// Somebody renames all the time, anywhere: the kernel then gives up paths with `..` in them, for it cannot tell whether they were
// led out (openat2(2), EAGAIN). A container could keep all others from starting.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, type PresetEngine } from 'caisson'
import { HostileRoots, hostileShapes } from '@caisson/driver-testkit'
import { requireAttacker } from '../build-attacker.js'
import { isolations } from '../isolations.js'
import { Swapper } from './swapper.js'

const STARTS = 40
const SWAPPERS = 3
const AT = '/etc/resolv.conf'

describe('a host on which directories are renamed all the time', function () {
  this.timeout(60_000)
  let attacker: string
  let place: string
  const swappers: Swapper[] = []

  before(async function () {
    attacker = requireAttacker(this)
    place = mkdtempSync(join(tmpdir(), 'caisson-renames-'))
    for (let n = 0; n < SWAPPERS; n++) {
      const pair = ['one', 'other'].map((name) => join(place, `${name}-${n}`)) as [string, string]
      for (const path of pair) mkdirSync(path)
      swappers.push(await Swapper.start(attacker, ...pair))
    }
  })
  after(async () => {
    await Promise.all(swappers.map((swapper) => swapper.stop()))
    if (place !== undefined) rmSync(place, { recursive: true, force: true })
  })

  for (const { title, make } of isolations) {
    it(`starts containers all the same whose paths climb: ${title}`, async () => {
      const shape = hostileShapes.find(({ name }) => name === 'climbing link')
      if (shape === undefined) throw new Error('there is that shape')
      const roots = new HostileRoots('/var/tmp')
      const engine: PresetEngine = await createEngine({ isolation: make() })
      try {
        const from = `dir:${roots.make(AT, shape)}`
        for (let n = 0; n < STARTS; n++) {
          const mounts = [{ kind: 'bind', from: roots.boundFile, to: AT }] as const
          const { reason } = await engine.run(['/bin/true'], { from, mounts })
          expect(reason).to.equal('exit')
        }
      } finally {
        await engine[Symbol.asyncDispose]()
        roots.remove()
      }
    })
  }
})
