import { expect } from 'chai'
import type { LauncherIdentity } from '@caisson/core'
import { outerId, whyExempt } from '../dist/root-exempt.js'

const whole = '         0          0 4294967295\n'
const nested = '0 100000 65536\n'

function launcher(mode: LauncherIdentity['mode']) {
  const identity = { mode, rootUid: 0, rootGid: 0, idCount: 1, setgroups: false, degraded: [] }
  return { identity: () => Promise.resolve(identity) }
}

async function level(mode: LauncherIdentity['mode'], uid: number, map: string) {
  return (await whyExempt(launcher(mode), uid, () => map))?.level
}

describe('outerId', () => {
  it('finds what an id is one level out', () => {
    expect(outerId(whole, 0)).to.equal(0)
    expect(outerId(nested, 5)).to.equal(100_005)
    expect(outerId('0 1000 1\n1 100000 9\n', 3)).to.equal(100_002)
    expect(outerId(nested, 65_536)).to.equal(undefined)
  })
})

describe('whyExempt', () => {
  it('says so of containers whose root is the host’s by id, and of no others', async () => {
    expect(await level('single', 0, whole)).to.equal('unsupported')
    expect(await level('ranges', 0, whole)).to.equal('unsupported')
    expect(await level('root', 0, whole)).to.equal(undefined)
    expect(await level('single', 1000, whole)).to.equal(undefined)
    expect(await level('single', 0, nested)).to.equal(undefined)
    expect(await whyExempt(undefined, 0, () => whole)).to.equal(undefined)
  })
})
