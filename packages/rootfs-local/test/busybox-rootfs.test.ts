import type { RootfsProvider } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { busyboxRootfs } from '../dist/busybox-rootfs.js'

const mode = (path: string): number => fs.statSync(path).mode & 0o7777

function rejected(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

const provider = (options: Parameters<typeof busyboxRootfs>[0]): RootfsProvider =>
  busyboxRootfs(options).create(Scope.root())
const lend = (from: RootfsProvider) => from.lend({ id: 'a', reference: '' })

describe('busyboxRootfs', () => {
  let base = ''
  let count = 0
  const freshDir = (): string => join(base, `data-${count++}`)
  before(() => {
    base = fs.mkdtempSync(join(tmpdir(), 'caisson-busybox-'))
  })

  after(() => fs.rmSync(base, { recursive: true, force: true }))

  testRootfsProvider(
    { describe, it, before, after },
    {
      driver: () => busyboxRootfs({ dataDir: join(base, 'shared') }),
      good: () => '',
      bad: () => [{ title: 'a path', reference: '/bin/busybox', code: 'ERR_ROOTFS_INVALID' }],
      unwritten: () => [join(base, 'shared')],
      making: {
        async fresh(onProgress) {
          const dataDir = freshDir()
          const trees = join(dataDir, 'busybox')
          return {
            provider: provider({ dataDir, onProgress }),
            reference: '',
            unfinished: () =>
              (fs.existsSync(trees) ? fs.readdirSync(trees) : []).filter((it) =>
                it.startsWith('.'),
              ),
            async [Symbol.asyncDispose]() {
              fs.rmSync(dataDir, { recursive: true })
            },
          }
        },
        phases: ['install'],
      },
    },
  )

  it('makes a tree in which a shell runs, with users, /tmp and mount points', async () => {
    const lease = await lend(provider({ dataDir: freshDir() }))
    const [root = ''] = lease.parts[0]?.lowers ?? []
    const shell = join(root, 'bin/busybox')
    expect(execFileSync(shell, ['ash', '-c', 'echo runs'], { encoding: 'utf8' })).to.equal('runs\n')
    expect(fs.readlinkSync(join(root, 'bin/sh'))).to.equal('busybox')
    expect(fs.readFileSync(join(root, 'etc/passwd'), 'utf8')).to.match(/^root:x:0:0:/)
    expect(mode(join(root, 'tmp'))).to.equal(0o1777)
    expect(mode(join(root, 'bin/busybox'))).to.equal(0o755)
    for (const name of ['proc', 'sys', 'dev', 'root', 'usr/bin/env', 'sbin/ip']) {
      expect(fs.existsSync(join(root, name)), name).to.equal(true)
    }
    expect(mode(join(lease.parts[0]?.lowers[0] ?? '', '../..'))).to.equal(0o700)
  })

  it('makes the tree once, whatever the umask, and uses it again in the next engine', async () => {
    const dataDir = freshDir()
    const umask = process.umask(0o077)
    try {
      const one = await lend(provider({ dataDir }))
      const two = await lend(provider({ dataDir }))
      expect(two.key).to.equal(one.key)
      expect(fs.readdirSync(join(dataDir, 'busybox'))).to.have.length(1)
      expect(mode(one.parts[0]?.lowers[0] ?? '')).to.equal(0o755)
    } finally {
      process.umask(umask)
    }
  })

  it('makes the tree again when somebody took it away', async () => {
    const dataDir = freshDir()
    const from = provider({ dataDir })
    const [lost = ''] = (await lend(from)).parts[0]?.lowers ?? []
    fs.rmSync(lost, { recursive: true })
    await lend(from)
    expect(fs.existsSync(join(lost, 'bin/sh'))).to.equal(true)
  })

  it('publishes one tree when several processes make it at once', async () => {
    const dataDir = freshDir()
    const script = new URL('../test/publish-busybox.mjs', import.meta.url).pathname
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [script, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    const lines = children.map((child) =>
      createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    )
    for (const line of lines) expect((await line.next()).value).to.equal('ready')
    for (const child of children) child.stdin.write('go\n')
    const leases = await Promise.all(lines.map(async (line) => String((await line.next()).value)))
    for (const child of children) if (child.exitCode === null) await once(child, 'exit')
    expect(new Set(leases).size).to.equal(1)
    expect(fs.readdirSync(join(dataDir, 'busybox'))).to.have.length(1)
  })

  it('removes what a builder that died left, and not what a living one builds', async () => {
    const dataDir = freshDir()
    const parent = join(dataDir, 'busybox')
    const stat = fs.readFileSync('/proc/self/stat', 'latin1')
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const living = `.staging-${process.pid}-${start}-abcdef`
    const recycled = `.staging-${process.pid}-1-abcdef`
    const dead = '.staging-4194304-1-abcdef'
    for (const name of [living, recycled, dead]) {
      fs.mkdirSync(join(parent, name, 'bin'), { recursive: true })
    }
    await lend(provider({ dataDir }))
    const names = fs.readdirSync(parent)
    expect(names).to.include(living)
    expect(names).not.to.include(dead)
    expect(names).not.to.include(recycled)
  })

  const unusable = (name: string, content: string | Uint8Array): string => {
    const path = join(base, name)
    fs.writeFileSync(path, content, { mode: 0o755 })
    return path
  }

  for (const [title, make, code, why] of [
    ['a dynamic program', () => process.execPath, 'ERR_ROOTFS_INVALID', 'not static'],
    ['a script', () => unusable('script', '#!/bin/sh\necho sh\n'), 'ERR_ROOTFS_INVALID', 'ELF'],
    ['an empty file', () => unusable('empty', ''), 'ERR_ROOTFS_INVALID', 'ELF'],
    ['a directory', () => '/usr/bin', 'ERR_ROOTFS_INVALID', 'regular file'],
    ['nothing', () => '/nowhere/busybox', 'ERR_ROOTFS_NOT_FOUND', 'no busybox'],
  ] as const) {
    it(`refuses ${title} in the place of busybox, says how to get one, and leaves nothing`, async () => {
      const dataDir = freshDir()
      const error = await rejected(lend(provider({ dataDir, path: make() })))
      expect(error).to.include({ code, field: 'from' })
      expect(error).to.have.property('message').that.includes(why)
      expect(error).to.have.property('fix').that.includes('apt-get install busybox-static')
      expect(fs.existsSync(dataDir)).to.equal(false)
    })
  }

  it('leaves no staging directory when the busybox has no shell', async () => {
    const dataDir = freshDir()
    // Static and runnable, but it lists nothing: the test's own busybox under a name that is the applet `true`.
    const path = join(base, 'true')
    fs.copyFileSync('/bin/busybox', path)
    fs.chmodSync(path, 0o755)
    const cut = fs.readFileSync(path)
    // Its string table is what it lists from: without the applet names it is no busybox any more.
    cut.fill(0x7a, cut.indexOf('\0sh\0') + 1, cut.indexOf('\0sh\0') + 3)
    fs.writeFileSync(path, cut)
    const error = await rejected(lend(provider({ dataDir, path })))
    expect(error).to.include({ code: 'ERR_ROOTFS_INVALID' })
    expect(fs.readdirSync(join(dataDir, 'busybox'))).to.deep.equal([])
  })

  it('names a data directory that cannot be written', async () => {
    const dataDir = join(base, 'a-file')
    fs.writeFileSync(dataDir, '')
    const error = await rejected(lend(provider({ dataDir })))
    expect(error).to.include({ code: 'ERR_ROOTFS_INVALID', subject: join(dataDir, 'busybox') })
    expect(error).to.have.property('fix').that.includes('dataDir')
  })

  it('refuses options that are no absolute paths, naming the field', () => {
    for (const field of ['path', 'dataDir'] as const) {
      expect(() => busyboxRootfs({ [field]: 'relative' }))
        .to.throw(TypeError)
        .that.includes({ code: 'ERR_INVALID_SPEC', field })
    }
  })

  it('says in its probe which busybox it found, or how to get one', async () => {
    const found = await busyboxRootfs({ dataDir: base }).probe(Scope.root())
    expect(found.ok).to.equal(true)
    expect(found.facts['path']).to.match(/busybox/)
    const lost = await busyboxRootfs({ dataDir: base, path: '/nowhere' }).probe(Scope.root())
    expect(lost.ok).to.equal(false)
    expect(lost.missing[0]?.fix).to.include('busybox-static')
  })
})
