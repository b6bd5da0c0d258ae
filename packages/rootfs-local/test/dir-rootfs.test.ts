import { Scope } from '@caisson/core/di'
import type { RootfsProvider } from '@caisson/core'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dirRootfs } from '../dist/dir-rootfs.js'

describe('dirRootfs', () => {
  let base = ''
  let provider: RootfsProvider

  before(() => {
    base = mkdtempSync(join(tmpdir(), 'caisson-dir-'))
    mkdirSync(join(base, 'root/etc'), { recursive: true })
    writeFileSync(join(base, 'root/etc/hostname'), 'x\n')
    mkdirSync(join(base, 'other'))
    writeFileSync(join(base, 'file'), '')
    symlinkSync('root', join(base, 'link'))
    symlinkSync('nowhere', join(base, 'dangling'))
    symlinkSync('loop', join(base, 'loop'))
    symlinkSync('file', join(base, 'link-to-file'))
    symlinkSync('/', join(base, 'link-to-slash'))
    provider = dirRootfs().create(Scope.root())
  })

  after(() => rmSync(base, { recursive: true, force: true }))

  testRootfsProvider(
    { describe, it, before, after },
    {
      driver: dirRootfs,
      good: () => join(base, 'root'),
      other: () => join(base, 'other'),
      unwritten: () => [base],
      bad: () => [
        { title: 'nothing', reference: '', code: 'ERR_ROOTFS_INVALID' },
        { title: 'a relative path', reference: 'root', code: 'ERR_ROOTFS_INVALID' },
        { title: 'a path that climbs', reference: '../root', code: 'ERR_ROOTFS_INVALID' },
        { title: 'a NUL', reference: `${base}/root\0/x`, code: 'ERR_ROOTFS_INVALID' },
        { title: 'what is missing', reference: `${base}/missing`, code: 'ERR_ROOTFS_NOT_FOUND' },
        { title: 'a dangling link', reference: `${base}/dangling`, code: 'ERR_ROOTFS_NOT_FOUND' },
        { title: 'a loop of links', reference: `${base}/loop`, code: 'ERR_ROOTFS_INVALID' },
        { title: 'a file', reference: `${base}/file`, code: 'ERR_ROOTFS_NOT_DIRECTORY' },
        {
          title: 'a link to a file',
          reference: `${base}/link-to-file`,
          code: 'ERR_ROOTFS_NOT_DIRECTORY',
        },
        { title: 'below a file', reference: `${base}/file/x`, code: 'ERR_ROOTFS_NOT_DIRECTORY' },
        { title: 'a device', reference: '/dev/null', code: 'ERR_ROOTFS_NOT_DIRECTORY' },
        { title: 'the host itself', reference: '/', code: 'ERR_ROOTFS_INVALID' },
        {
          title: 'the host itself by a link',
          reference: `${base}/link-to-slash`,
          code: 'ERR_ROOTFS_INVALID',
        },
        { title: 'a name too long', reference: `/${'x'.repeat(300)}`, code: 'ERR_ROOTFS_INVALID' },
      ],
    },
  )

  it('lends the directory that a link leads to, under the same key', async () => {
    const direct = await provider.lend({ id: 'a', reference: join(base, 'root') })
    const linked = await provider.lend({ id: 'b', reference: join(base, 'link') })
    expect(linked.key).to.equal(direct.key)
    expect(linked.parts).to.deep.equal([{ at: '/', lowers: [join(base, 'root')] }])
  })

  it('gives a directory that took the place of another a key of its own', async () => {
    const path = join(base, 'replaced')
    mkdirSync(path)
    const one = await provider.lend({ id: 'a', reference: path })
    renameSync(path, `${path}-old`)
    mkdirSync(path)
    const two = await provider.lend({ id: 'b', reference: path })
    expect(two.key).not.to.equal(one.key)
  })

  it('says which path was missing and what to write', async () => {
    const lending = provider.lend({ id: 'a', reference: join(base, 'missing') })
    const error = await lending.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.include({ subject: join(base, 'missing'), field: 'from' })
    expect(error).to.have.property('fix').that.includes('dir:')
  })
})
