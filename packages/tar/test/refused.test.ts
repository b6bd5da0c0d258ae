import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCaissonError } from '@caisson/core'
import { readTar, type ReadOptions } from '@caisson/tar'
import { expect } from 'chai'
import { rejected } from './support/launcher.js'
import { paxHeader, tarEntry, tarOf } from './support/make-tar.js'
import { chunks } from './support/place.js'

async function readAll(archive: Buffer, options: ReadOptions = {}, size = 777): Promise<number> {
  let entries = 0
  for await (const { content } of readTar(chunks(archive, size), options)) {
    entries++
    for await (const piece of content) void piece
  }
  return entries
}

/** mulberry32: the same bytes for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('readTar', function () {
  this.timeout(60_000)
  let archive: Buffer

  before(() => {
    const source = fs.mkdtempSync(join(tmpdir(), 'caisson-refused-'))
    fs.mkdirSync(join(source, 'd'))
    fs.writeFileSync(join(source, `d/${'long'.repeat(40)}`), 'x'.repeat(700))
    fs.symlinkSync('x'.repeat(150), join(source, 'd/link'))
    fs.writeFileSync(join(source, 'last'), 'last')
    const args = ['--format=posix', '-cf', '-', '-C', source, 'd', 'last']
    archive = execFileSync('tar', args)
    fs.rmSync(source, { recursive: true })
  })

  it('finds the same however the stream is cut', async () => {
    for (const size of [1, 511, 512, 513, 100_000])
      expect(await readAll(archive, {}, size)).to.equal(4)
  })

  it('refuses an archive that is truncated, wherever that is', async () => {
    const end = archive.length - 1024
    const last = archive.lastIndexOf('last', end)
    for (let at = 0; at < last; at += 97) {
      const error = await rejected(readAll(archive.subarray(0, at)))
      expect(error.code, `after ${at} bytes`).to.equal('ERR_ARCHIVE_CORRUPT')
    }
  })

  it('refuses a header whose checksum is wrong', async () => {
    const sum = tarOf({ name: 'x', sum: '000000\0 ' })
    expect((await rejected(readAll(sum))).message).to.include('checksum')
  })

  it('refuses or reads, and never fails otherwise, whatever bytes are changed', async () => {
    const next = random(20_261_124)
    const codes = new Set<string>()
    const until = Date.now() + 3000
    let rounds = 0
    for (; rounds < 300 || Date.now() < until; rounds++) {
      const bad = Buffer.from(archive)
      for (let changes = 1 + next() * 4; changes > 0; changes--) {
        const at = Math.floor(next() * bad.length)
        bad[at] = Math.floor(next() * 256)
        // half of them with a sum that fits again, to get past it
        const block = at - (at % 512)
        if (next() < 0.5 && bad.toString('latin1', block + 257, block + 262) === 'ustar') {
          const sum = bad
            .subarray(block, block + 512)
            .reduce((n, byte, i) => n + (i >= 148 && i < 156 ? 32 : byte), 0)
          bad.write(`${sum.toString(8).padStart(6, '0')}\0 `, block + 148, 'latin1')
        }
      }
      try {
        await readAll(bad, { limits: { contentBytes: 1 << 24 } })
        codes.add('read')
      } catch (error) {
        if (!isCaissonError(error)) throw error
        codes.add(error.code)
      }
    }
    expect([...codes]).to.include.members(['read', 'ERR_ARCHIVE_CORRUPT'])
    expect([...codes].filter((code) => !/^(read|ERR_ARCHIVE_\w+)$/.test(code))).to.deep.equal([])
  })

  const bombs: Readonly<Record<string, readonly [Buffer, ReadOptions['limits']]>> = {
    entries: [tarOf({ name: 'a' }, { name: 'b' }, { name: 'c' }), { entries: 2 }],
    contentBytes: [
      tarOf({ name: 'a', content: 'xx' }, { name: 'b', content: 'xx' }),
      { contentBytes: 3 },
    ],
    fileBytes: [tarEntry({ name: 'a', size: '77777777777' }), { fileBytes: 1000 }],
    pathBytes: [tarOf(paxHeader({ path: 'a'.repeat(300) }), { name: 'x' }), { pathBytes: 255 }],
    paxBytes: [tarOf(paxHeader({ comment: 'a'.repeat(3000) }), { name: 'x' }), { paxBytes: 2000 }],
    xattrBytes: [
      tarOf(paxHeader({ 'SCHILY.xattr.user.a': 'a'.repeat(300) }), { name: 'x' }),
      { xattrBytes: 200 },
    ],
  }
  for (const [name, [bomb, limits]] of Object.entries(bombs)) {
    it(`refuses more than \`${name}\` allows, before anything is done for it`, async () => {
      expect((await rejected(readAll(bomb, { limits: limits ?? {} }))).code).to.equal(
        'ERR_ARCHIVE_LIMIT',
      )
    })
  }

  it('refuses limits that are none', async () => {
    const reading = readAll(tarOf(), { limits: { entries: 0 } })
    expect(await reading.catch((error: unknown) => String(error))).to.include('limits.entries')
  })

  it('gives up when its signal says so', async () => {
    expect((await rejected(readAll(archive, { signal: AbortSignal.abort() }))).code).to.equal(
      'ERR_ABORTED',
    )
  })
})
