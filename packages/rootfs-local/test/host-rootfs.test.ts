import type { RootfsProvider } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostRootfs } from '../dist/host-rootfs.js'

const lend = (provider: RootfsProvider) => provider.lend({ id: 'a', reference: '' })

describe('hostRootfs', () => {
  let base = ''

  before(() => {
    base = mkdtempSync(join(tmpdir(), 'caisson-host-'))
    mkdirSync(join(base, 'shown'))
  })

  after(() => rmSync(base, { recursive: true, force: true }))

  testRootfsProvider(
    { describe, it, before, after },
    {
      driver: () => hostRootfs({ include: [join(base, 'shown')] }),
      good: () => '',
      bad: () => [{ title: 'a path', reference: '/etc', code: 'ERR_ROOTFS_INVALID' }],
      unwritten: () => [base],
    },
  )

  it('shows this host’s programs and hides its passwords', async () => {
    const lease = await lend(hostRootfs().create(Scope.root()))
    expect(lease.parts.map((part) => part.at)).to.include.members(['/', '/usr', '/etc'])
    expect(lease.parts[0]?.lowers).to.deep.equal([])
    expect(lease.masked).to.include('/etc/shadow')
    expect(lease.copyOnWrite).to.equal(true)
  })

  it('hides everything in /etc that others may not read, on this very host', async () => {
    const lease = await lend(hostRootfs().create(Scope.root()))
    const hidden = lease.masked.filter((path) => /^\/etc\/[^/]+$/.test(path))
    const readable = hidden.filter((path) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      return stat !== undefined && (stat.mode & 0o004) === 0
    })
    expect(readable).to.include(statSync('/etc/shadow').mode & 0o004 ? '' : '/etc/shadow')
  })

  it('gives the same lease again, which makes a start cheap', async () => {
    const provider = hostRootfs().create(Scope.root())
    expect(await lend(provider)).to.equal(await lend(provider))
  })

  it('gives another key when another directory is included', async () => {
    const plain = await lend(hostRootfs().create(Scope.root()))
    const shown = join(base, 'shown')
    const more = await lend(hostRootfs({ include: [shown] }).create(Scope.root()))
    expect(more.key).not.to.equal(plain.key)
    expect(more.parts).to.deep.include({ at: shown, lowers: [shown] })
  })

  it('notices a directory that comes into being', async () => {
    const late = join(base, 'late')
    const provider = hostRootfs({ include: [late] }).create(Scope.root())
    const first = await lend(provider)
    expect(first.parts.map((part) => part.at)).not.to.include(late)
    mkdirSync(late)
    expect((await lend(provider)).parts.map((part) => part.at)).to.include(late)
  })

  for (const path of ['relative', '/', '/x/../y', '/x/', '/x\0y', '/proc/self', '/run/docker']) {
    it(`refuses to include ${JSON.stringify(path)}, naming the field`, () => {
      expect(() => hostRootfs({ include: ['/opt', path] }))
        .to.throw(TypeError)
        .that.includes({ code: 'ERR_INVALID_SPEC', field: 'include[1]' })
    })
  }
})
