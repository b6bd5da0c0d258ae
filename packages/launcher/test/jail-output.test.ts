import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail, JailOutput, Launcher } from '@caisson/core'
import { isCaissonError } from '@caisson/core'
import { createLauncher } from '@caisson/launcher'
import { expect } from 'chai'

const nothing = Buffer.alloc(0)

async function rejection(promise: Promise<unknown>): Promise<readonly (string | undefined)[]> {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return [error.code, error.errno]
    throw error
  }
  throw new Error('nothing was rejected')
}

function outputOf(file: string): JailOutput {
  const { dev, ino } = fs.lstatSync(file, { bigint: true })
  return { path: file, dev, ino }
}

describe('the output of a jail', () => {
  let launcher: Launcher
  let top: string
  let path: string
  let output: JailOutput

  before(() => {
    launcher = createLauncher()
  })
  after(() => launcher[Symbol.asyncDispose]())
  beforeEach(() => {
    top = fs.mkdtempSync(join(tmpdir(), 'caisson-output-'))
    path = join(top, 'out')
    fs.mkdirSync(join(top, 'root'))
    fs.writeFileSync(join(top, 'root/file'), '0123456789')
    fs.writeFileSync(path, 'kept:')
    output = outputOf(path)
  })
  afterEach(() => fs.rmSync(top, { recursive: true }))

  async function jailed(to: JailOutput | undefined): Promise<DirectoryJail> {
    const options = { readOnly: true, ...(to && { output: to }) }
    const jail = await launcher.jail?.(join(top, 'root'), options)
    if (jail === undefined) throw new Error('there is no jail')
    return jail
  }

  it('gets bytes and a part of a file where it is told, and keeps what it has', async () => {
    await using jail = await jailed(output)
    const part = { path: Buffer.from('file'), from: 2, size: 3, to: 5 }
    await jail.copy?.({ ...part, bytes: Buffer.from('at ') })
    expect(fs.readFileSync(path, 'utf8')).to.equal('kept:at 234')
  })

  it('is there for who has asked for it alone', async () => {
    await using jail = await jailed(undefined)
    expect(jail.copy).to.equal(undefined)
  })

  it('gets nothing of what is no regular file, outside, or shorter', async () => {
    fs.symlinkSync('/out', join(top, 'root/link'))
    execFileSync('mkfifo', [join(top, 'root/fifo')])
    fs.writeFileSync(join(top, 'secret'), 'secret')
    fs.linkSync(join(top, 'root/file'), join(top, 'other'))
    await using jail = await jailed(output)
    const copy = (name: string, size: number): Promise<unknown> =>
      Promise.resolve(
        jail.copy?.({ path: Buffer.from(name), from: 0, size, to: 0, bytes: nothing }),
      )
    expect(await rejection(copy('link', 1))).to.deep.equal(['ERR_FILE_TYPE', 'ELOOP'])
    expect(await rejection(copy('fifo', 1))).to.deep.equal(['ERR_FILE_TYPE', 'EINVAL'])
    expect(await rejection(copy('.', 1))).to.deep.equal(['ERR_FILE_TYPE', 'EISDIR'])
    expect((await rejection(copy('../secret', 1)))[0]).to.equal('ERR_FILE_NOT_FOUND')
    expect(fs.readFileSync(path, 'utf8')).to.equal('kept:')
    expect(await rejection(copy('file', 11))).to.deep.equal(['ERR_FILE_IO', 'ENODATA'])
  })

  it('is the file that was meant, or the jail is refused', async () => {
    const other = join(top, 'other')
    fs.writeFileSync(other, 'other')
    const moved: readonly (() => void)[] = [
      () => fs.copyFileSync(other, path),
      () => fs.symlinkSync('moved', path),
      () => execFileSync('mkfifo', [path]),
      () => fs.mkdirSync(path),
    ]
    for (const replace of moved) {
      fs.renameSync(path, join(top, 'moved'))
      replace()
      expect(await rejection(jailed(output))).to.deep.equal(['ERR_LAUNCH', 'ESTALE'])
      fs.rmSync(path, { recursive: true })
      fs.renameSync(join(top, 'moved'), path)
    }
    // the very FIFO that is meant is none to write to
    const fifo = join(top, 'fifo')
    execFileSync('mkfifo', [fifo])
    expect(await rejection(jailed(outputOf(fifo)))).to.deep.equal(['ERR_LAUNCH', 'ESTALE'])
    const missing = { ...output, path: join(top, 'missing') }
    expect(await rejection(jailed(missing))).to.deep.equal(['ERR_LAUNCH', 'ENOENT'])
    const relative = await rejection(jailed({ ...output, path: 'out' }))
    expect(relative[0]).to.equal('ERR_INVALID_SPEC')
    expect(fs.readFileSync(path, 'utf8')).to.equal('kept:')
  })

  it('fails with what the kernel says, and goes on', async () => {
    await using jail = await jailed(output)
    const part = { path: Buffer.from('file'), from: 0, size: 10, bytes: nothing }
    const far = rejection(Promise.resolve(jail.copy?.({ ...part, to: Number.MAX_SAFE_INTEGER })))
    expect((await far)[0]).to.match(/^ERR_FILE_/)
    await jail.copy?.({ ...part, to: 0 })
    expect(fs.readFileSync(path, 'utf8')).to.equal('0123456789')
  })
})

describe('a walk that leaves out what is large', () => {
  it('tells its size, and no content', async () => {
    await using launcher = createLauncher()
    const root = fs.mkdtempSync(join(tmpdir(), 'caisson-larger-'))
    fs.writeFileSync(join(root, 'edge'), Buffer.alloc(100))
    fs.writeFileSync(join(root, 'over'), Buffer.alloc(101))
    try {
      await using jail = await launcher.jail?.(root, { readOnly: true })
      if (jail === undefined) throw new Error('there is no jail')
      const told: unknown[] = []
      for await (const events of jail.walk({ omitLarger: 100 })) {
        for (const event of events) {
          if (event.kind === 'content') told.push(event.bytes.length)
          else told.push(Buffer.from(event.path).toString(), event.contentBytes)
        }
      }
      expect(told).to.deep.equal(['.', 0, 'edge', 100, 100, 'over', undefined])
    } finally {
      fs.rmSync(root, { recursive: true })
    }
  })
})
