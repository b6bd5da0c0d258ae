import * as fs from 'node:fs'
import type { DirectoryJail, JailQueue, Launcher } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { bytes, entry, errorOf, Place } from './jail-place.js'

const MiB = 1024 * 1024

describe('DirectoryJail.queue', () => {
  let launcher: Launcher
  let place: Place
  let jail: DirectoryJail
  let queue: JailQueue

  before(() => {
    launcher = createLauncher()
  })
  after(() => launcher[Symbol.asyncDispose]())
  beforeEach(async () => {
    place = new Place()
    jail = await place.openJail(launcher)
    queue = jail.queue()
  })
  afterEach(async () => {
    for (const name of fs.readdirSync(place.path)) await jail.files.remove(bytes(name), true)
    await jail[Symbol.asyncDispose]()
    place.expectUntouched()
    place[Symbol.dispose]()
  })

  it('makes thousands of entries in the order of calls', async () => {
    for (let i = 0; i < 1500; i++) {
      if (i % 100 === 0) queue.make(entry('directory', `d${i}`, { mode: 0o755 }))
      queue.make(entry('file', `d${i - (i % 100)}/${i}`, { content: bytes(`${i}`) }))
      if (queue.full) await queue.room()
    }
    await queue.idle()
    expect(fs.readdirSync(place.path)).to.have.lengthOf(15)
    for (const i of [0, 99, 100, 1499])
      expect(fs.readFileSync(place.at(`d${i - (i % 100)}/${i}`), 'utf8')).to.equal(`${i}`)
  })

  it('writes content that it has copied, with holes, and what comes last', async () => {
    const content = Buffer.alloc(3 * MiB, 'some')
    const times = { atimeNs: 1n, mtimeNs: 1_000_000_000_000_000_001n }
    queue.make(entry('file', 'large', { mode: 0o600 }))
    const file = await queue.open(bytes('large'))
    file.write(content)
    content.fill(0)
    file.writeAt(5 * MiB, bytes('end'))
    file.set({ mode: 0o4711, times })
    file.setXattr('user.one', bytes('1'))
    file.close()
    file.close()
    await queue.idle()
    const found = await jail.get(bytes('large'))
    expect(found.status).to.include({ mode: 0o104711, size: 5 * MiB + 3, ...times })
    expect(String(found.xattrs.get('user.one'))).to.equal('1')
    const is = fs.readFileSync(place.at('large'))
    expect(is.subarray(0, 3 * MiB).equals(Buffer.alloc(3 * MiB, 'some'))).to.equal(true)
    expect(is.subarray(5 * MiB).toString()).to.equal('end')
  })

  it('does nothing more once something has failed, and says what it was', async () => {
    queue.make(entry('file', 'before'))
    queue.make(entry('file', 'missing/file'))
    queue.make(entry('file', 'after'))
    const error = await errorOf(queue.idle())
    expect(error).to.include({
      code: 'ERR_FILE_NOT_FOUND',
      subject: 'missing/file',
      syscall: 'make',
    })
    expect(await errorOf(queue.idle())).to.equal(error)
    expect(fs.readdirSync(place.path)).to.deep.equal(['before'])
    // the next queue has nothing to do with it
    const next = jail.queue()
    next.make(entry('file', 'again'))
    await next.idle()
    expect(fs.readdirSync(place.path)).to.deep.equal(['again', 'before'])
  })

  it('tells a failure as it is explained', async () => {
    queue.make(
      entry('hardlink', 'x', { target: bytes('nowhere') }),
      ({ errno }) => new Error(`explained ${errno}`),
    )
    expect((await errorOf(queue.idle())).message).to.equal('explained ENOENT')
  })

  it('frees the places of files whatever becomes of them, and waits for one', async () => {
    for (let i = 0; i < 600; i++) {
      const file = await queue.open(bytes('nothing there'))
      file.write(bytes('x'))
      file.close()
    }
    expect((await errorOf(queue.idle())).code).to.equal('ERR_FILE_NOT_FOUND')
    const next = jail.queue()
    next.make(entry('file', 'x'))
    const files = []
    for (let i = 0; i < 256; i++) files.push(await next.open(bytes('x')))
    const waiting = next.open(bytes('x'))
    expect(waiting).to.be.instanceOf(Promise)
    for (const file of files) file.close()
    const last = await waiting
    last.write(bytes('last'))
    last.close()
    await next.idle()
    expect(fs.readFileSync(place.at('x'), 'utf8')).to.equal('last')
  })

  it('never makes in a directory that is not there any more', async () => {
    queue.make(entry('directory', 'a', { mode: 0o755 }))
    queue.make(entry('directory', 'a/b/', { mode: 0o755 }))
    queue.make(entry('file', 'a/b/1'))
    queue.make(entry('symlink', 'a/b', { target: bytes('..'), replace: true }))
    queue.make(entry('file', 'a/b/2'))
    queue.make(entry('directory', 'c', { mode: 0o755 }))
    queue.make(entry('file', 'c/3'))
    queue.make(entry('file', 'c', { content: bytes('now a file'), replace: true }))
    queue.make(entry('file', 'c/4'))
    expect(await errorOf(queue.idle())).to.include({ subject: 'c/4', errno: 'ENOTDIR' })
    expect(fs.readdirSync(place.path)).to.deep.equal(['2', 'a', 'c'])
    expect(fs.readdirSync(place.at('a'))).to.deep.equal(['b'])
  })

  it('takes no `.` or `..` for a name, also where it has just been', async () => {
    for (const name of ['.', '..', '...']) {
      const one = jail.queue()
      one.make(entry('directory', 'd', { mode: 0o755 }))
      one.make(entry('file', 'd/x', { replace: true }))
      one.make(entry('file', `d/${name}`))
      if (name === '...') await one.idle()
      else expect((await errorOf(one.idle())).errno).to.equal('EINVAL')
    }
    expect(fs.readdirSync(place.at('d'))).to.deep.equal(['...', 'x'])
  })

  it('ends with its server', async () => {
    queue.make(entry('file', 'x'))
    await jail[Symbol.asyncDispose]()
    queue.make(entry('file', 'y'))
    expect((await errorOf(queue.idle())).code).to.equal('ERR_DISPOSED')
    const again = await launcher.jail?.(place.path)
    if (again) jail = again
  })
})
