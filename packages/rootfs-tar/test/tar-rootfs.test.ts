import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join, relative } from 'node:path'
import { trustedProgram } from '@caisson/core'
import { expect } from 'chai'
import { Scratch } from './scratch.js'

const isRoot = process.getuid?.() === 0
const files = { 'etc/name': 'one', 'bin/tool': '#!/bin/sh\n' }

function sha256(path: string): string {
  return `sha256:${createHash('sha256').update(fs.readFileSync(path)).digest('hex')}`
}

describe('tar:', function () {
  this.timeout(120_000)
  let scratch: Scratch

  beforeEach(() => {
    scratch = new Scratch()
  })
  afterEach(() => scratch[Symbol.asyncDispose]())

  const programs: readonly (readonly [string, string | undefined])[] = [
    ['plain', undefined],
    ['gzip', 'gzip'],
    ['zstd', 'zstd'],
    ['xz', 'xz'],
  ]
  for (const [name, program] of programs) {
    it(`unpacks an archive that is ${name}, under the digest of what came out, and keeps it as a blob`, async function () {
      if (program !== undefined && trustedProgram(program) === undefined) {
        console.log(`      skipped: no ${program} to pack with`)
        this.skip()
      }
      const tree = scratch.tree(files)
      fs.chmodSync(join(tree, 'bin/tool'), 0o4755)
      const plain = scratch.pack(tree, 'plain.tar')
      const packed = join(scratch.top, 'archive')
      if (program === undefined) fs.copyFileSync(plain, packed)
      else fs.writeFileSync(packed, execFileSync(program, ['-c', plain]))
      const root = await scratch.open()(packed)
      expect(fs.readFileSync(join(root, 'etc/name'), 'utf8')).to.equal('one')
      expect(fs.statSync(join(root, 'bin/tool')).mode & 0o7777).to.equal(0o4755)
      const store = await scratch.store()
      const [layer] = store.layers.list()
      expect(layer?.id).to.equal(sha256(plain))
      expect(layer?.blob).to.equal(sha256(packed))
      expect(store.blobs.list().map(({ digest }) => digest)).to.deep.equal([sha256(packed)])
      expect(scratch.unfinished()).to.deep.equal([])
    })
  }

  it('finds the layer of an unchanged file without reading it, also in another process', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar')
    const first = await scratch.open()(path)
    expect(scratch.phases().at(-1)).to.equal('done')
    scratch.told.length = 0
    expect(await scratch.open()(path)).to.equal(first)
    expect(scratch.phases()).to.deep.equal(['exists', 'done'])
    expect(scratch.told.map(({ bytes }) => bytes)).to.deep.equal([0, 0])
  })

  it('takes a relative path, and a link', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar')
    fs.symlinkSync('a.tar', join(scratch.top, 'link.tar'))
    const lend = scratch.open()
    const root = await lend(path)
    expect(await lend(relative(process.cwd(), path))).to.equal(root)
    expect(await lend(join(scratch.top, 'link.tar'))).to.equal(root)
  })

  it('unpacks a file anew that has changed, and then keeps only that', async () => {
    const lend = scratch.open()
    const first = await lend(scratch.pack(scratch.tree(files), 'a.tar'))
    const second = await lend(scratch.pack(scratch.tree({ 'etc/name': 'two' }), 'a.tar'))
    expect(second).to.not.equal(first)
    expect(fs.readFileSync(join(second, 'etc/name'), 'utf8')).to.equal('two')
    expect((await scratch.store()).refs.list().length).to.equal(1)
  })

  it('reads a file that was touched or copied, and does not unpack it again', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar', '-z')
    const lend = scratch.open()
    const root = await lend(path)
    fs.copyFileSync(path, join(scratch.top, 'copy.tar'))
    scratch.told.length = 0
    expect(await lend(join(scratch.top, 'copy.tar'))).to.equal(root)
    fs.utimesSync(path, 1, 1)
    expect(await lend(path)).to.equal(root)
    expect(scratch.phases()).to.deep.equal(['exists', 'done', 'exists', 'done'])
  })

  it('tells how far it is, and what is not as the archive has it', async () => {
    const tree = scratch.tree(files)
    const path = scratch.pack(tree, 'a.tar', '--owner=7', '--group=8')
    await scratch.open()(path)
    const { size } = fs.statSync(path)
    expect(scratch.phases()[0]).to.equal('unpack')
    expect(scratch.phases().slice(-2)).to.deep.equal(['publish', 'done'])
    const done = scratch.told.at(-1)
    expect([done?.subject, done?.bytes, done?.total]).to.deep.equal([path, size, size])
    expect(done?.unpacked?.entries).to.equal(5)
    // with one id everything belongs to root; with ranges, or as root, to whom it should
    if (isRoot) expect(done?.unpacked?.ownersLost).to.equal(0)
    else expect(done?.unpacked?.ownersLost).to.be.oneOf([0, 5])
  })

  it('unpacks once for all who want it at the same time', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar')
    const lend = scratch.open()
    const roots = await Promise.all([lend(path), lend(path), lend(path)])
    expect(new Set(roots).size).to.equal(1)
    expect(scratch.phases().filter((phase) => phase === 'publish').length).to.equal(1)
  })

  it('has one layer when several drivers unpack the same at once', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar')
    const lends = [scratch.open(), scratch.open(), scratch.open()]
    const roots = await Promise.all(lends.map((lend) => lend(path)))
    expect(new Set(roots).size).to.equal(1)
    expect(scratch.unfinished()).to.deep.equal([])
  })

  it('unpacks for those who stay when the first gives up', async () => {
    const path = scratch.pack(scratch.tree(files), 'a.tar')
    const lend = scratch.open()
    const controller = new AbortController()
    const first = lend(path, controller.signal).catch((error: unknown) => error)
    const second = lend(path)
    controller.abort()
    expect(await first).to.have.property('code', 'ERR_ABORTED')
    expect(fs.existsSync(join(await second, 'etc/name'))).to.equal(true)
    expect(scratch.phases().filter((phase) => phase === 'publish').length).to.equal(1)
  })
})
