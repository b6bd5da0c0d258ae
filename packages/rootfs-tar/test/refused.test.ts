import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { rejected, Scratch } from './scratch.js'

describe('tar: refuses', function () {
  this.timeout(120_000)
  let scratch: Scratch
  let path: string

  beforeEach(() => {
    scratch = new Scratch()
    path = join(scratch.top, 'a.tar')
  })
  afterEach(() => scratch[Symbol.asyncDispose]())

  async function nothingLeft(): Promise<void> {
    const store = await scratch.store()
    expect([store.layers.list(), store.blobs.list(), store.refs.list()]).to.deep.equal([[], [], []])
    expect(scratch.unfinished()).to.deep.equal([])
  }

  const places: readonly (readonly [title: string, code: string, make: () => string])[] = [
    ['nothing', 'ERR_ROOTFS_INVALID', () => ''],
    ['a NUL', 'ERR_ROOTFS_INVALID', () => 'a\0b'],
    ['what is not there', 'ERR_ROOTFS_NOT_FOUND', () => path],
    [
      'what lies below a file',
      'ERR_ROOTFS_NOT_FOUND',
      () => {
        fs.writeFileSync(path, '')
        return join(path, 'b')
      },
    ],
    ['a directory, and names `dir:`', 'ERR_ROOTFS_INVALID', () => scratch.top],
    [
      'a FIFO, without waiting for it',
      'ERR_ROOTFS_INVALID',
      () => {
        execFileSync('mkfifo', [path])
        return path
      },
    ],
  ]
  for (const [title, code, make] of places) {
    it(title, async () => {
      const error = await rejected(scratch.open()(make()))
      expect([error.code, error.field]).to.deep.equal([code, 'from'])
      if (title.includes('dir:')) expect(error.fix).to.include('dir:')
      await nothingLeft()
    })
  }

  const archives: readonly (readonly [string, string, () => Buffer])[] = [
    ['an empty file', 'ERR_ARCHIVE_CORRUPT', () => Buffer.alloc(0)],
    [
      'what is no archive',
      'ERR_ARCHIVE_CORRUPT',
      () => fs.readFileSync(process.execPath).subarray(0, 1 << 20),
    ],
    [
      'an archive that is cut off',
      'ERR_ARCHIVE_CORRUPT',
      () =>
        fs
          .readFileSync(scratch.pack(scratch.tree({ a: 'x'.repeat(3000) }), 'b.tar'))
          .subarray(0, 2500),
    ],
    [
      'a compressed archive that is cut off',
      'ERR_ARCHIVE_CORRUPT',
      () => fs.readFileSync(scratch.pack(scratch.tree({ a: 'x' }), 'b.tar', '-z')).subarray(0, 80),
    ],
    [
      'a layer of an image',
      'ERR_ARCHIVE_UNSAFE',
      () => fs.readFileSync(scratch.pack(scratch.tree({ 'etc/.wh.name': '' }), 'b.tar')),
    ],
    [
      'a name that leads out',
      'ERR_ARCHIVE_UNSAFE',
      () => {
        const tree = scratch.tree({ out: 'x' })
        const args = ['-P', '--transform=s,^out,../out,', '-cf', '-', '-C', tree, 'out']
        return execFileSync('tar', args)
      },
    ],
  ]
  for (const [title, code, make] of archives) {
    it(`${title}, names it and the place, and leaves nothing`, async () => {
      fs.writeFileSync(path, make())
      const error = await rejected(scratch.open()(path))
      expect(error.code).to.equal(code)
      expect([error.subject, error.field]).to.deep.equal([path, 'from'])
      expect(error.message).to.match(/offset \d+/)
      await nothingLeft()
    })
  }

  it('an archive beyond its limits', async () => {
    scratch.pack(scratch.tree({ a: '1', b: '2' }), 'a.tar')
    const error = await rejected(scratch.open({ limits: { entries: 2 } })(path))
    expect([error.code, error.subject]).to.deep.equal(['ERR_ARCHIVE_LIMIT', path])
    await nothingLeft()
  })

  it('a file that changes while it is read', async () => {
    scratch.pack(scratch.tree({ a: 'x'.repeat(5_000_000) }), 'a.tar')
    const grow = (): void => fs.appendFileSync(path, Buffer.alloc(512))
    let once = false
    const lend = scratch.open({
      onProgress: ({ phase }) => {
        if (phase === 'unpack' && !once) grow()
        once = true
      },
    })
    const error = await rejected(lend(path))
    expect(error.code).to.equal('ERR_ROOTFS_INVALID')
    expect(error.message).to.include('changed while')
    await nothingLeft()
  })

  for (const when of ['unpack', 'publish'] as const) {
    it(`goes on no more when it is given up at: ${when}`, async () => {
      scratch.pack(scratch.tree({ a: 'x'.repeat(5_000_000), b: 'b' }), 'a.tar')
      const controller = new AbortController()
      const lend = scratch.open({
        onProgress: ({ phase }) => {
          if (phase === when) controller.abort()
        },
      })
      expect((await rejected(lend(path, controller.signal))).code).to.equal('ERR_ABORTED')
      await nothingLeft()
      expect(await scratch.open()(path)).to.include('/layers/')
    })
  }
})
