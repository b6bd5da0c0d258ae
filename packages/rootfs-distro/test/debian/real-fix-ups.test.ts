import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail, Launcher } from '@caisson/core'
import { createLauncher } from '@caisson/launcher'
import { expect } from 'chai'
import { finishRoot, prepareRoot } from '../../dist/debian/fix-ups.js'
import { PackageIndex } from '../../dist/debian/package-index.js'
import { RootFiles } from '../../dist/root-files.js'

const date = new Date('2026-07-11T10:16:37Z')
const index = new PackageIndex()
index.add(
  `Package: hello\nVersion: 1\nArchitecture: amd64\nFilename: p/hello.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n`,
  'http://127.0.0.1',
)

describe('fix-ups of a root', () => {
  let launcher: Launcher
  let jail: DirectoryJail
  let directory: string
  let root: RootFiles

  before(() => {
    launcher = createLauncher()
  })
  after(() => launcher[Symbol.asyncDispose]())

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-fix-ups-'))
    const opened = await launcher.jail?.(directory)
    if (!opened) throw new Error('this launcher has no jail')
    jail = opened
    root = new RootFiles(jail, date)
    await prepareRoot(root, 'amd64')
  })

  afterEach(async () => {
    await jail.files.remove(Buffer.from('/usr'), true)
    await jail[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const at = (path: string): string => join(directory, path)
  const list = (path: string): Promise<readonly string[]> => readdir(at(path))

  async function finish(postinst = ''): Promise<void> {
    const about = index.get('hello')
    if (about === undefined) throw new Error('there is no package')
    await finishRoot(root, [{ about, postinst }], list)
  }

  it('lay the links of a merged /usr and the directories that every root has', () => {
    expect(['bin', 'sbin', 'lib', 'lib64'].map((name) => readlinkSync(at(name)))).to.deep.equal([
      'usr/bin',
      'usr/sbin',
      'usr/lib',
      'usr/lib64',
    ])
    expect(lstatSync(at('tmp')).mode & 0o7777).to.equal(0o1777)
    expect(lstatSync(at('root')).mode & 0o7777).to.equal(0o700)
  })

  it('add users, groups and the database of dpkg', async () => {
    await finish()
    expect(readFileSync(at('etc/passwd'), 'utf8')).to.match(/^root:x:0:0:/)
    expect(readFileSync(at('etc/group'), 'utf8')).to.include('\ntty:x:5:\n')
    expect(readFileSync(at('etc/hosts'), 'utf8')).to.include('localhost')
    expect(readFileSync(at('var/lib/dpkg/status'), 'utf8')).to.match(
      /^Package: hello\nStatus: install ok unpacked\n/,
    )
  })

  it('take users and groups from base-passwd where that is installed, and keep what packages bring', async () => {
    await root.directory('/usr/share', 0o755)
    await root.directory('/usr/share/base-passwd', 0o755)
    await root.file('/usr/share/base-passwd/passwd.master', 'root::0:0::/root:/bin/master\n')
    await root.file('/etc/hosts', 'own\n')
    await finish()
    expect(readFileSync(at('etc/passwd'), 'utf8')).to.equal('root::0:0::/root:/bin/master\n')
    expect(readFileSync(at('etc/hosts'), 'utf8')).to.equal('own\n')
  })

  it('make the links of alternatives whose programs are there', async () => {
    await root.file('/usr/bin/mawk', 'x', 0o755)
    await finish(
      'update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/bin/nawk nawk /usr/bin/mawk\n' +
        'update-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20\n',
    )
    expect(readlinkSync(at('usr/bin/awk'))).to.equal('/etc/alternatives/awk')
    expect(readlinkSync(at('etc/alternatives/nawk'))).to.equal('/usr/bin/mawk')
    expect(() => lstatSync(at('usr/bin/cc'))).to.throw('ENOENT')
  })

  it('make a link for each program of a busybox, but not over one that is there', async () => {
    await root.file(
      '/usr/bin/busybox',
      Buffer.concat([Buffer.alloc(300_000), Buffer.from('[\0[[\0ash\0cat\0')]),
      0o755,
    )
    await root.file('/usr/bin/cat', 'a better one', 0o755)
    await finish()
    expect(['[', '[[', 'ash'].map((name) => readlinkSync(at(`usr/bin/${name}`)))).to.deep.equal([
      'busybox',
      'busybox',
      'busybox',
    ])
    expect(readFileSync(at('usr/bin/cat'), 'utf8')).to.equal('a better one')
    expect(lstatSync(at('usr/bin/busybox')).size).to.equal(300_013)
  })

  it('put certificates into one file', async () => {
    for (const path of [
      '/usr/share',
      '/usr/share/ca-certificates',
      '/usr/share/ca-certificates/mozilla',
    ]) {
      await root.directory(path, 0o755)
    }
    await root.file('/usr/share/ca-certificates/mozilla/B.crt', 'bbb')
    await root.file('/usr/share/ca-certificates/mozilla/A.crt', 'aaa\n')
    await finish()
    expect(readFileSync(at('etc/ssl/certs/ca-certificates.crt'), 'utf8')).to.equal('aaa\nbbb\n')
    expect(readFileSync(at('etc/ca-certificates.conf'), 'utf8')).to.equal(
      'mozilla/A.crt\nmozilla/B.crt\n',
    )
  })

  it('give everything one time, that of the index', async () => {
    await root.file('/usr/bin/busybox', Buffer.alloc(300_000), 0o755)
    await finish()
    for (const path of [
      'etc/passwd',
      'usr/bin/busybox',
      'var/lib/dpkg/status',
      'bin',
      'tmp',
      'etc',
      '.',
    ]) {
      expect(lstatSync(at(path)).mtimeMs, path).to.equal(date.getTime())
    }
  })
})
