import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JailOptions, Launcher } from '@caisson/core'
import { packDirectory, packTar, writeTar, type PackOptions } from '@caisson/tar'
import { expect } from 'chai'
import { rejected, withLauncher } from './support/launcher.js'

const MIB = 1024 * 1024
const sizes = { none: 0, few: 100, edge: 32_768, over: 32_769, large: 300_000, huge: 9 * MIB + 5 }

/** Does it when the entry has been told, and its content was not copied yet. */
function when(name: string, what: () => void): PackOptions {
  return {
    filter: (path) => {
      if (Buffer.from(path).toString() === name) what()
      return true
    },
  }
}

describe('packTar', () => {
  const launcher = withLauncher()
  let top: string
  let tree: string
  let archive: string

  beforeEach(() => {
    top = fs.mkdtempSync(join(tmpdir(), 'caisson-pack-tar-'))
    tree = join(top, 'tree')
    archive = join(top, 'out.tar')
    fs.mkdirSync(join(tree, 'deep'), { recursive: true })
    for (const [name, size] of Object.entries(sizes))
      fs.writeFileSync(join(tree, 'deep', name), Buffer.alloc(size, `${name} of ${size} `))
    for (let i = 0; i < 40; i++) fs.writeFileSync(join(tree, `small-${i}`), Buffer.alloc(20_000, i))
    fs.linkSync(join(tree, 'deep/large'), join(tree, 'large-too'))
    fs.writeFileSync(join(tree, 'holes'), 'x')
    fs.truncateSync(join(tree, 'holes'), MIB)
  })
  afterEach(() => fs.rmSync(top, { recursive: true }))

  async function streamed(options: PackOptions = {}): Promise<Buffer> {
    const jail = await launcher().jail?.(tree, { readOnly: true })
    if (jail === undefined) throw new Error('there is no jail')
    const parts: Buffer[] = []
    for await (const part of writeTar(packDirectory(jail, options))) parts.push(part)
    await jail[Symbol.asyncDispose]()
    return Buffer.concat(parts)
  }

  async function packed(options?: PackOptions, by: Pick<Launcher, 'jail'> = launcher()) {
    const file = await open(archive, 'w')
    try {
      await packTar(by, tree, file, options)
    } finally {
      await file.close()
    }
    return fs.readFileSync(archive)
  }

  it('writes the bytes of writeTar, whatever is asked for', async () => {
    const asked: readonly PackOptions[] = [
      {},
      { sparse: true },
      { latestMtimeNs: 1_000_000_000n },
      { filter: (path) => !Buffer.from(path).toString().startsWith('small-') },
    ]
    for (const options of asked)
      expect((await packed(options)).equals(await streamed(options))).to.equal(true)
  })

  it('gives a jail the file, so that large content takes the short way', async () => {
    const seen: (JailOptions | undefined)[] = []
    let copied = 0
    const by: Pick<Launcher, 'jail'> = {
      jail: async (directory, options) => {
        seen.push(options)
        const jail = await launcher().jail?.(directory, options)
        if (jail === undefined) throw new Error('there is no jail')
        const { copy } = jail
        if (copy === undefined) return jail
        const counted: typeof copy = (part) => {
          copied += part.size
          return copy(part)
        }
        return Object.assign(jail, { copy: counted })
      },
    }
    await packed({}, by)
    expect(seen.map((options) => options?.output?.path)).to.deep.equal([undefined, archive])
    expect(copied).to.equal(sizes.over + sizes.large + sizes.huge + MIB)
  })

  it('writes the same where the file has no name, is appended to, or is a link’s end by now', async () => {
    const wanted = await streamed()
    const unnamed = await open(archive, 'w+')
    fs.unlinkSync(archive)
    await packTar(launcher(), tree, unnamed)
    const read = await unnamed.read(Buffer.alloc(wanted.length + 1), 0, wanted.length + 1, 0)
    await unnamed.close()
    expect(read.buffer.subarray(0, read.bytesRead).equals(wanted)).to.equal(true)

    const appending = await open(archive, 'a')
    await packTar(launcher(), tree, appending)
    await appending.close()
    expect(fs.readFileSync(archive).equals(wanted)).to.equal(true)

    const moved = await open(archive, 'w')
    const by: Pick<Launcher, 'jail'> = {
      jail: (directory, options) => {
        if (options?.output !== undefined) {
          fs.renameSync(archive, join(top, 'moved'))
          fs.symlinkSync('moved', archive)
        }
        return launcher().jail?.(directory, options) ?? Promise.reject(new Error('no jail'))
      },
    }
    await packTar(by, tree, moved)
    await moved.close()
    expect(fs.readFileSync(join(top, 'moved')).equals(wanted)).to.equal(true)
  })

  it('leaves nothing of what was in the file', async () => {
    const wanted = await streamed()
    fs.writeFileSync(archive, Buffer.alloc(wanted.length + MIB, 'old'))
    const file = await open(archive, 'r+')
    await file.read(Buffer.alloc(10))
    await packTar(launcher(), tree, file)
    await file.close()
    expect(fs.readFileSync(archive).equals(wanted)).to.equal(true)
  })

  it('writes to a pipe', async () => {
    const wanted = await streamed()
    const path = join(top, 'pipe')
    execFileSync('mkfifo', [path])
    const [reader, writer] = await Promise.all([open(path, 'r'), open(path, 'w')])
    const parts: Buffer[] = []
    const reading = (async (): Promise<void> => {
      for await (const part of reader.createReadStream()) parts.push(part as Buffer)
    })()
    await packTar(launcher(), tree, writer)
    await writer.close()
    await reading
    expect(Buffer.concat(parts).equals(wanted)).to.equal(true)
  })

  it('says what became of a file that is another one when it is copied', async () => {
    const path = join(tree, 'deep/huge')
    const changes: readonly (readonly [() => void, string, string])[] = [
      [() => fs.writeFileSync(path, 'short'), 'ERR_FILE_IO', 'ENODATA'],
      [() => {}, 'ERR_FILE_NOT_FOUND', 'ENOENT'],
      [() => execFileSync('mkfifo', [path]), 'ERR_FILE_TYPE', 'EINVAL'],
      [() => fs.symlinkSync('large', path), 'ERR_FILE_TYPE', 'ELOOP'],
    ]
    for (const [change, code, errno] of changes) {
      const replaced = when('deep/huge', () => {
        fs.rmSync(path)
        change()
      })
      const error = await rejected(packed(replaced))
      expect([error.code, error.errno]).to.deep.equal([code, errno])
      fs.rmSync(path, { force: true })
      fs.writeFileSync(path, Buffer.alloc(sizes.huge))
    }
    expect((await packed()).equals(await streamed())).to.equal(true)
  })

  it('says that there is no space', async () => {
    const full: FileHandle = await open('/dev/full', 'w')
    const error = await rejected(packTar(launcher(), tree, full))
    await full.close()
    expect([error.code, error.errno]).to.deep.equal(['ERR_FILE_LIMIT', 'ENOSPC'])
  })

  it('writes nothing any more when it was aborted', async () => {
    const abort = new AbortController()
    const error = await rejected(
      packed({ ...when('deep/huge', () => abort.abort('enough')), signal: abort.signal }),
    )
    expect([error.code, error.cause]).to.deep.equal(['ERR_ABORTED', 'enough'])
    fs.truncateSync(archive)
    await new Promise((resolve) => setImmediate(resolve))
    expect(fs.statSync(archive).size).to.equal(0)
    const early = rejected(packed({ signal: AbortSignal.abort('enough') }))
    expect((await early).code).to.equal('ERR_ABORTED')
  })

  it('refuses what it cannot do, and leaves the file as it was', async () => {
    fs.writeFileSync(archive, 'old')
    const file = await open(archive, 'r+')
    const missing = await rejected(packTar(launcher(), join(top, 'missing'), file))
    const none = await rejected(packTar({}, tree, file))
    await file.close()
    expect([missing.code, none.code]).to.deep.equal(['ERR_LAUNCH', 'ERR_UNSUPPORTED'])
    expect(fs.readFileSync(archive, 'utf8')).to.equal('old')
    const reading = await open(archive, 'r')
    const error = await rejected(packTar(launcher(), tree, reading))
    await reading.close()
    expect(error.code).to.match(/^ERR_FILE_/)
    expect(fs.readFileSync(archive, 'utf8')).to.equal('old')
  })
})
