import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { DirectoryJail, Launcher } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { bytes, entry, errorOf, Place, tryToLeave } from './jail-place.js'

const isRoot = process.getuid?.() === 0
const modes = isRoot ? (['best', 'single'] as const) : (['best'] as const)

/** Sanitizers make system calls of their own: their build does without the filter. */
const instrumented = process.env['CAISSON_LAUNCHER']?.endsWith('-asan') === true

function namespaceOf(name: string, pid: number | string): string {
  return readlinkSync(`/proc/${pid}/ns/${name}`)
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** Servers of directories are the launcher's only children that have one mount. */
function serversNow(): readonly number[] {
  return childrenOf(process.pid)
    .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('caisson'))
    .flatMap((launcher) => childrenOf(launcher))
}

/** The one that serves; those that were told to end do so in their own time. */
async function theServer(): Promise<number> {
  for (;;) {
    const [server, ...others] = serversNow()
    if (server !== undefined && others.length === 0) return server
    await new Promise((done) => setImmediate(done))
  }
}

function statusOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => line.split(/:\s*/, 2) as [string, string]),
  ) as Record<string, string>
}

for (const mode of modes) {
  describe(`Launcher.jail, mode ${mode}`, () => {
    let launcher: Launcher
    let place: Place
    let jail: DirectoryJail

    before(async function () {
      this.timeout(120_000)
      launcher = createLauncher({ mode })
      await launcher.identity()
    })
    after(() => launcher[Symbol.asyncDispose]())
    beforeEach(async () => {
      place = new Place()
      jail = await place.openJail(launcher)
    })
    afterEach(async () => {
      await jail[Symbol.asyncDispose]()
      place.expectUntouched()
      // ids and modes that an ordinary user may not remove are no obstacle from inside
      await using broom = await launcher.jail?.(place.path)
      const root = await broom?.open(bytes('/'), { access: 'list' })
      for (const { name } of (await root?.list()) ?? []) await broom?.files.remove(name, true)
      await root?.close()
      place[Symbol.dispose]()
    })

    it('makes files, directories, links and FIFOs, whole', async () => {
      const times = { atimeNs: 1n, mtimeNs: 123_456_789_123_456_789n }
      await Promise.all([
        jail.make(entry('directory', 'd', { mode: 0o3555 })),
        jail.make(entry('file', 'd/f', { mode: 0o6751, content: bytes('text'), times })),
        jail.make(entry('symlink', 'd/s', { target: bytes('/any/where'), times })),
        jail.make(entry('hardlink', 'h', { target: bytes('/d/s') })),
        jail.make(entry('fifo', 'p', { mode: 0o620 })),
      ])
      const file = await jail.get(bytes('/d/f'), 100)
      expect(file.status).to.include({ mode: 0o106751, uid: 0, gid: 0, links: 1, size: 4 })
      expect(file.status).to.include(times)
      expect(String(file.content)).to.equal('text')
      const link = await jail.get(bytes('h'), 100)
      expect([String(link.target), link.status.links, link.content]).to.deep.equal([
        '/any/where',
        2,
        undefined,
      ])
      expect(link.status.mtimeNs).to.equal(times.mtimeNs)
      expect((await jail.get(bytes('d'))).status.mode).to.equal(0o43555)
      expect((await jail.get(bytes('p'))).status.mode).to.equal(0o10620)
      expect(readlinkSync(place.at('h'))).to.equal('/any/where')
    })

    it('takes names that are no text', async () => {
      const name = Buffer.from([0xff, 0x2f, 0xfe, 0x0a])
      await jail.make(entry('directory', '', { path: name.subarray(0, 1), mode: 0o755 }))
      await jail.make(entry('file', '', { path: name }))
      const [made] = readdirSync(Buffer.from(place.path), 'buffer')
      expect(made?.equals(name.subarray(0, 1))).to.equal(true)
      expect((await jail.get(name)).status.links).to.equal(1)
    })

    it('keeps what is there, unless it is told to replace it', async () => {
      await jail.make(entry('directory', 'x', { mode: 0o700 }))
      await jail.make(entry('file', 'x/y', { content: bytes('1') }))
      expect((await errorOf(jail.make(entry('file', 'x')))).code).to.equal('ERR_FILE_EXISTS')
      // a directory for a directory: it is set, and what is in it stays
      await jail.make(entry('directory', 'x', { mode: 0o711, replace: true }))
      expect((await jail.get(bytes('x/y'), 9)).content?.toString()).to.equal('1')
      expect(lstatSync(place.at('x')).mode & 0o7777).to.equal(0o711)
      await jail.make(entry('file', 'x', { content: bytes('now a file'), replace: true }))
      expect(readFileSync(place.at('x'), 'utf8')).to.equal('now a file')
      await jail.make(entry('directory', 'x', { mode: 0o700, replace: true }))
      expect(lstatSync(place.at('x')).isDirectory()).to.equal(true)
    })

    it('replaces a link itself, or lets it stand for its directory when told to', async () => {
      await jail.make(entry('directory', 'usr', { mode: 0o755 }))
      await jail.make(entry('symlink', 'bin', { target: bytes('/usr') }))
      await jail.make(entry('directory', 'bin', { mode: 0o700, replace: true, throughLink: true }))
      expect(readlinkSync(place.at('bin'))).to.equal('/usr')
      expect(lstatSync(place.at('usr')).mode & 0o777).to.equal(0o700)
      await jail.make(entry('directory', 'bin', { mode: 0o755, replace: true }))
      expect(lstatSync(place.at('bin')).isDirectory()).to.equal(true)
    })

    it('does not lose a file that becomes a link to itself', async () => {
      await jail.make(entry('file', 'a', { content: bytes('kept') }))
      await jail.make(entry('hardlink', 'a', { target: bytes('./a'), replace: true }))
      expect(readFileSync(place.at('a'), 'utf8')).to.equal('kept')
    })

    it('changes mode and owner of its root, never its type', async () => {
      await jail.make(entry('directory', '/', { mode: 0o711, replace: true }))
      expect(lstatSync(place.path).mode & 0o7777).to.equal(0o711)
      for (const path of ['/', '.', './', 'x/..', '..']) {
        for (const type of ['file', 'symlink'] as const) {
          const target = bytes('/etc')
          await errorOf(jail.make(entry(type, path, { target, replace: true })))
        }
      }
      expect(lstatSync(place.path).isDirectory()).to.equal(true)
    })

    it('sets and reads attributes, holes and large files', async () => {
      await jail.make(entry('file', 'x', { content: bytes('1') }))
      await jail.setXattr(bytes('x'), 'user.one', Buffer.from([0, 255]))
      const { xattrs } = await jail.get(bytes('x'))
      expect([...xattrs].map(([name, value]) => [name, [...value]])).to.deep.equal([
        ['user.one', [0, 255]],
      ])
      const file = await jail.open(bytes('sparse'), { access: 'write', create: 0o600 })
      await file.writeAt(1 << 20, bytes('end'))
      await file.setXattr('user.two', bytes('2'))
      await file.close()
      const found = await jail.get(bytes('sparse'), 1 << 20)
      expect(found.status.size).to.equal((1 << 20) + 3)
      expect(found.storedBytes).to.be.lessThan(1 << 20)
      expect(found.content, 'too large to come with it').to.equal(undefined)
      const again = await jail.open(bytes('sparse'), { access: 'read' })
      expect([
        await again.seek(0, 'data'),
        await again.seek(0, 'hole'),
        await again.seek(1 << 20, 'hole'),
        await again.seek(1 << 21, 'data'),
      ]).to.deep.equal([1 << 20, 0, (1 << 20) + 3, undefined])
      await again.close()
      await jail.sync()
      expect((await jail.space()).totalBytes).to.be.greaterThan(0)
    })

    it('leads nowhere else', () => tryToLeave(jail, place))

    it('is served by a process that has this directory and nothing else', async () => {
      const server = await theServer()
      const mounts = readFileSync(`/proc/${server}/mountinfo`, 'utf8').trim().split('\n')
      expect(mounts).to.have.lengthOf(1)
      expect(mounts[0]).to.match(/ \/ rw,nosuid,nodev,noexec/)
      expect(statusOf(server)).to.include({
        CapEff: '000000008800001b',
        CapPrm: '000000008800001b',
        NoNewPrivs: '1',
        Seccomp: instrumented ? '0' : '2',
      })
      if (isRoot) {
        for (const name of ['mnt', 'net', 'ipc'])
          expect(namespaceOf(name, server), name).not.to.equal(namespaceOf(name, 'self'))
        // its root, its two pipes, stdio, and the way to its own descriptors
        expect(readdirSync(`/proc/${server}/fd`)).to.have.lengthOf(7)
      }
    })

    it('ends with its dispose, and what is asked then is an error', async () => {
      const server = await theServer()
      await jail[Symbol.asyncDispose]()
      expect((await errorOf(jail.get(bytes('/')))).code).to.equal('ERR_DISPOSED')
      expect((await errorOf(jail.open(bytes('/'), { access: 'list' }))).code).to.equal(
        'ERR_FILE_IO',
      )
      while (serversNow().includes(server)) await new Promise((done) => setImmediate(done))
    })

    it('is not started again when it was killed', async () => {
      const server = await theServer()
      const pending = errorOf(
        (async () => {
          for (;;) await jail.get(bytes('/'))
        })(),
      )
      // in a user namespace of its own it is still ours to signal
      process.kill(server, 'SIGKILL')
      expect((await pending).code).to.equal('ERR_FILE_IO')
      expect((await errorOf(jail.make(entry('file', 'x')))).code).to.equal('ERR_FILE_IO')
      expect((await errorOf(jail.files.stat(bytes('/'), false))).code).to.equal('ERR_FILE_IO')
    })

    it('reads alone when that is asked for', async () => {
      await jail.make(entry('file', 'x', { content: bytes('1') }))
      const reader = await launcher.jail?.(place.path, { readOnly: true })
      expect((await reader?.get(bytes('x'), 9))?.content?.toString()).to.equal('1')
      const refused = await errorOf(reader?.make(entry('file', 'y')) ?? Promise.resolve())
      expect([refused.code, refused.errno]).to.deep.equal(['ERR_FILE_ACCESS', 'EROFS'])
      await reader?.[Symbol.asyncDispose]()
    })

    it('says which directory it cannot serve', async () => {
      writeFileSync(place.at('file'), '')
      for (const [path, errno] of [
        [place.at('missing'), 'ENOENT'],
        [place.at('file'), 'ENOTDIR'],
      ] as const) {
        const error = await errorOf(launcher.jail?.(path) ?? Promise.resolve())
        expect([error.code, error.errno]).to.deep.equal(['ERR_LAUNCH', errno])
        expect(error.message).to.contain(path)
      }
      for (const path of ['relative', '', '/a/../b', '/a\0b']) {
        const error = await errorOf(launcher.jail?.(path) ?? Promise.resolve())
        expect([error.code, error.field]).to.deep.equal(['ERR_INVALID_SPEC', 'directory'])
      }
    })

    it('owns by the ids it has, and refuses others', async () => {
      const owned = (uid: number) => jail.make(entry('file', `${uid}`, { owner: { uid, gid: 0 } }))
      const { mode: has, idCount } = jail.identity
      await owned(0)
      if (has === 'root') await owned(3_000_000)
      else {
        expect((await errorOf(owned(idCount))).errno).to.equal('EINVAL')
        if (idCount > 1) {
          await owned(idCount - 1)
          expect((await jail.get(bytes(`${idCount - 1}`))).status.uid).to.equal(idCount - 1)
        }
      }
      const device = { device: { major: 1, minor: 3 } }
      const made = jail.make(entry('character', 'null', device))
      if (has === 'root') {
        await made
        expect((await jail.get(bytes('null'))).device).to.deep.equal({ major: 1, minor: 3 })
      } else expect((await errorOf(made)).errno).to.equal('EPERM')
    })
  })
}
