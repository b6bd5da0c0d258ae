import { expect } from 'chai'
import type { HostCredentials } from '../dist/identity.js'
import {
  chooseIdentity,
  countFromZero,
  helloOf,
  identityOf,
  readHostCredentials,
} from '../dist/identity.js'

const FULL = '         0          0 4294967295\n'
const ALL = (1n << 41n) - 1n

const root: HostCredentials = {
  uid: 0,
  gid: 0,
  userName: 'root',
  capabilities: ALL,
  uidMap: FULL,
  gidMap: FULL,
  initialUserNamespace: true,
  setgroupsAllowed: true,
  subuid: '',
  subgid: '',
  groups: 'root:x:0:\nstaff:x:50:\n',
  newuidmap: undefined,
  newgidmap: undefined,
}
const user: HostCredentials = { ...root, uid: 1000, gid: 50, userName: 'ann', capabilities: 0n }
const ranges: HostCredentials = {
  ...user,
  subuid: 'bob:100000:65536\nann:200000:65536\n',
  subgid: 'ann:300000:65535\n',
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
}

describe('chooseIdentity', () => {
  it('uses real privileges where they are real', () => {
    expect(chooseIdentity(root)).to.deep.equal({ mode: 'root' })
  })

  it('takes root without the needed capabilities for an ordinary user', () => {
    for (const bit of [6n, 7n, 21n]) {
      const plan = chooseIdentity({ ...root, capabilities: ALL & ~(1n << bit) })
      expect(plan).to.include({ mode: 'single', userns: 1 })
    }
  })

  it('stays in a user namespace that has enough ids, and makes do with one id where it has not', () => {
    const inside = { ...root, initialUserNamespace: false }
    const whole = { uidMap: '0 0 65536', gidMap: '0 0 65536' }
    expect(chooseIdentity(inside)).to.deep.equal({ mode: 'ranges', userns: 0, ...whole })
    const split = '0 1000 1\n1 100000 65536\n'
    expect(chooseIdentity({ ...inside, uidMap: split, gidMap: split })).to.include({
      mode: 'ranges',
    })
    const few = chooseIdentity({ ...inside, gidMap: '0 1000 1000\n' })
    expect(few).to.deep.include({ mode: 'single', userns: 0 })
    expect(chooseIdentity({ ...inside, setgroupsAllowed: false })).to.include({ mode: 'single' })
  })

  it("finds a user's ranges by name and by number", () => {
    const helpers = {
      newuidmap: '/usr/bin/newuidmap',
      newgidmap: '/usr/bin/newgidmap',
      uid: 1000,
      gid: 50,
      uids: { owner: 'ann', start: 200_000, count: 65_536 },
      gids: { owner: 'ann', start: 300_000, count: 65_535 },
    }
    expect(chooseIdentity(ranges)).to.deep.equal({ mode: 'ranges', userns: 2, helpers })
    const byNumber = {
      ...ranges,
      userName: undefined,
      subuid: '1000:1:65535',
      subgid: '1000:1:65535',
    }
    expect(chooseIdentity(byNumber)).to.include({ mode: 'ranges' })
  })

  it('says what a single id lacks', () => {
    const cases: [Partial<HostCredentials>, string][] = [
      [{ subuid: '' }, 'usermod --add-subuids'],
      [{ subgid: 'ann:300000:65534' }, 'usermod --add-subuids'],
      [{ newgidmap: undefined }, 'apt-get install uidmap'],
    ]
    for (const [change, fix] of cases) {
      const plan = chooseIdentity({ ...ranges, ...change })
      expect(identityOf(plan, 0)).to.include({ mode: 'single', idCount: 1, setgroups: false })
      expect(identityOf(plan, 0).degraded.join()).to.include(fix)
    }
  })

  it('reads credentials of this process that agree with themselves', () => {
    const host = readHostCredentials()
    expect(host.uid).to.equal(process.geteuid?.())
    expect(countFromZero(host.uidMap)).to.be.greaterThan(host.uid)
    expect(chooseIdentity(host)).to.have.property('mode')
  })
})

describe('helloOf and identityOf', () => {
  it('map the containers to a block, to the own range, or to one id', () => {
    expect(helloOf({ mode: 'root' }, 0x90000)).to.deep.equal({
      userns: 0,
      uidMap: '0 589824 65536',
      gidMap: '0 589824 65536',
      setgroups: 1,
      oneId: 65_534,
      oneUid: 0x90000 + 65_534,
      oneGid: 0x90000 + 65_534,
    })
    expect(identityOf({ mode: 'root' }, 0x90000)).to.include({ rootUid: 0x90000, idCount: 65_536 })
    const plan = chooseIdentity(ranges)
    expect(helloOf(plan, 0)).to.include({ userns: 2, uidMap: '0 0 1\n1 1 65535', setgroups: 1 })
    expect(identityOf(plan, 0)).to.include({
      rootUid: 0,
      rootGid: 0,
      idCount: 65_536,
      setgroups: true,
    })
    const single = chooseIdentity(user)
    expect(helloOf(single, 0)).to.deep.equal({
      userns: 1,
      uidMap: '0 0 1',
      gidMap: '0 0 1',
      setgroups: 0,
      oneId: 65_534,
      oneUid: 0,
      oneGid: 0,
    })
  })
})
