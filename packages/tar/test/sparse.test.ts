import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packDirectory, readTar, writeTar } from '@caisson/tar'
import { expect } from 'chai'
import { rejected, withLauncher } from './support/launcher.js'
import { tarOf } from './support/make-tar.js'
import { chunks, Place } from './support/place.js'

const MiB = 1 << 20
const size = 80 * MiB + 5
// the last one makes maps that do not fit into one header
const places = [0, 3 * MiB, 40 * MiB, ...Array.from({ length: 60 }, (_, i) => (50 + i / 4) * MiB)]

function makeSparse(path: string): void {
  const file = fs.openSync(path, 'w')
  for (const at of places) fs.writeSync(file, `data at ${at}`, at)
  fs.ftruncateSync(file, size)
  fs.closeSync(file)
}

const ways = {
  'old GNU': ['--format=gnu'],
  'PAX 0.0': ['--format=posix', '--sparse-version=0.0'],
  'PAX 0.1': ['--format=posix', '--sparse-version=0.1'],
  'PAX 1.0': ['--format=posix', '--sparse-version=1.0'],
}

describe('sparse files', function () {
  this.timeout(120_000)
  const launcher = withLauncher()
  let source: string

  before(() => {
    source = fs.mkdtempSync(join(tmpdir(), 'caisson-sparse-'))
    makeSparse(join(source, 'sparse'))
    fs.writeFileSync(join(source, 'zz-after'), 'what comes after it')
  })
  after(() => fs.rmSync(source, { recursive: true }))

  function expectSame(path: string): void {
    const want = fs.readFileSync(join(source, 'sparse'))
    expect(fs.readFileSync(join(path, 'sparse')).equals(want)).to.equal(true)
    const stat = fs.statSync(join(path, 'sparse'))
    expect(stat.size).to.equal(size)
    expect(stat.blocks * 512, 'holes stay holes').to.be.lessThan(2 * MiB)
    expect(fs.readFileSync(join(path, 'zz-after'), 'utf8')).to.equal('what comes after it')
  }

  for (const [name, args] of Object.entries(ways)) {
    it(`are whole, and have their holes, out of ${name}`, async () => {
      const all = [
        '--sparse',
        '--owner=0',
        '--group=0',
        ...args,
        '-cf',
        '-',
        '-C',
        source,
        'sparse',
        'zz-after',
      ]
      const archive = execFileSync('tar', all, { maxBuffer: 1e9 })
      expect(archive.length).to.be.lessThan(2 * MiB)
      await using place = await Place.open(launcher())
      await place.unpack(archive)
      fs.chmodSync(place.at('sparse'), 0o644)
      expectSame(place.path)
    })
  }

  it('are written so that GNU tar and we read them back', async () => {
    const jail = await launcher().jail?.(source, { readOnly: true })
    if (jail === undefined) throw new Error('there is no jail')
    const parts: Buffer[] = []
    for await (const part of writeTar(packDirectory(jail, { sparse: true })))
      parts.push(Buffer.from(part))
    await jail[Symbol.asyncDispose]()
    const archive = Buffer.concat(parts)
    expect(archive.length).to.be.lessThan(2 * MiB)
    await using place = await Place.open(launcher())
    await place.unpack(archive)
    expectSame(place.path)
    const out = fs.mkdtempSync(join(tmpdir(), 'caisson-out-'))
    execFileSync('tar', ['-xpf', '-', '-C', out], { input: archive })
    expectSame(out)
    fs.rmSync(out, { recursive: true })
  })

  it('with maps that overlap, go back or lead beyond the end are refused', async () => {
    const good = execFileSync('tar', [
      '--sparse',
      '--format=gnu',
      '-cf',
      '-',
      '-C',
      source,
      'sparse',
    ])
    // offset and length of the first piece, in octal, at 386 and 398 of an old GNU header
    for (const [at, value] of [
      [386, '77777777777'],
      [398, '77777777777'],
      [398, '00000000001'],
      [483, '00000000001'],
    ] as const) {
      const bad = Buffer.from(good)
      bad.write(value, at, 'latin1')
      const sum = bad
        .subarray(0, 512)
        .reduce((n, byte, i) => n + (i >= 148 && i < 156 ? 32 : byte), 0)
      bad.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
      const read = async (): Promise<void> => {
        for await (const { content } of readTar(chunks(bad)))
          for await (const piece of content) void piece
      }
      expect((await rejected(read())).code, `${at} ${value}`).to.match(/^ERR_ARCHIVE_/)
    }
    expect(tarOf().length).to.equal(1024)
  })
})
