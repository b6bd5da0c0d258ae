import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail } from '@caisson/core'
import { packDirectory, readTar, writeTar, type PackOptions, type WriteOptions } from '@caisson/tar'
import { expect } from 'chai'
import { rejected, withLauncher } from './support/launcher.js'
import { chunks } from './support/place.js'

async function listed(archive: Buffer): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { entry, content } of readTar(chunks(archive))) {
    let size = 0
    for await (const { bytes } of content) size += bytes.length
    const target = entry.type === 'hardlink' ? ` = ${String(entry.target)}` : ''
    lines.push(`${entry.type} ${String(entry.path)}${target} ${size}`)
  }
  return lines
}

describe('packDirectory', () => {
  const launcher = withLauncher()
  let top: string
  let jail: DirectoryJail

  before(async () => {
    top = fs.mkdtempSync(join(tmpdir(), 'caisson-pack-'))
    for (const name of ['a', 'a/deep', 'a-', 'b']) fs.mkdirSync(join(top, name))
    for (const name of ['a/deep/x', 'a-/y', 'b/z', 'last']) fs.writeFileSync(join(top, name), name)
    fs.writeFileSync(join(top, 'b/large'), Buffer.alloc(1_000_000, '0123456'))
    fs.linkSync(join(top, 'b/large'), join(top, 'large-too'))
    fs.linkSync(join(top, 'last'), join(top, 'last-too'))
    const opened = await launcher().jail?.(top, { readOnly: true })
    if (opened === undefined) throw new Error('there is no jail')
    jail = opened
  })
  after(async () => {
    await jail[Symbol.asyncDispose]()
    fs.rmSync(top, { recursive: true })
  })

  async function pack(packing?: PackOptions, writing?: WriteOptions): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of writeTar(packDirectory(jail, packing), writing))
      parts.push(Buffer.from(part))
    return Buffer.concat(parts)
  }

  it('says everything once, other names of it as such', async () => {
    expect(await listed(await pack())).to.deep.equal([
      'directory ./ 0',
      'directory a/ 0',
      'directory a/deep/ 0',
      'file a/deep/x 8',
      'directory a-/ 0',
      'file a-/y 4',
      'directory b/ 0',
      'file b/large 1000000',
      'file b/z 3',
      'hardlink large-too = b/large 0',
      'file last 4',
      'hardlink last-too = last 0',
    ])
  })

  it('gives the same bytes out of memory that is used again', async () => {
    expect((await pack({}, { reuse: true })).equals(await pack())).to.equal(true)
  })

  it('leaves out what is not wanted, with all in it, and asks of that no more', async () => {
    const asked: string[] = []
    const filter = (path: Uint8Array): boolean => {
      asked.push(Buffer.from(path).toString())
      return !['a', 'b/large', 'last-too'].includes(asked.at(-1) ?? '')
    }
    expect(await listed(await pack({ filter }))).to.deep.equal([
      'directory ./ 0',
      'directory a-/ 0',
      'file a-/y 4',
      'directory b/ 0',
      'file b/z 3',
      'file large-too 1000000',
      'file last 4',
    ])
    expect(asked.filter((name) => name.startsWith('a/'))).to.deep.equal([])
  })

  it('passes over content that nobody reads', async () => {
    const names: string[] = []
    for await (const { entry } of packDirectory(jail)) names.push(String(entry.path))
    expect(names).to.have.lengthOf(12)
  })

  it('ends when it is aborted or left, and can begin again', async () => {
    const error = await rejected(pack({ signal: AbortSignal.abort('enough') }))
    expect([error.code, error.cause]).to.deep.equal(['ERR_ABORTED', 'enough'])
    for await (const _ of writeTar(packDirectory(jail), { reuse: true })) break
    for await (const _ of packDirectory(jail)) break
    expect(await listed(await pack())).to.have.lengthOf(12)
  })

  it('fails when content is not what its entry says', async () => {
    for (const size of [3, 5]) {
      const entries = (async function* () {
        for await (const one of packDirectory(jail)) {
          const mine = String(one.entry.path) === 'last'
          yield mine ? { ...one, content: Buffer.alloc(size) } : one
        }
      })()
      const writing = async (): Promise<void> => {
        for await (const _ of writeTar(entries)) continue
      }
      expect((await rejected(writing())).code).to.equal('ERR_ARCHIVE_CORRUPT')
    }
  })
})
