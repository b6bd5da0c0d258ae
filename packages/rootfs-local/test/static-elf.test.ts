import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLinkage } from '../dist/static-elf.js'

/** A little-endian 64-bit ELF header with program headers of these types. */
function elf(types: readonly number[], change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(64 + 56 * types.length)
  bytes.writeUInt32BE(0x7f454c46, 0)
  bytes.writeUInt8(2, 4)
  bytes.writeUInt8(1, 5)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(types.length, 56)
  types.forEach((type, index) => bytes.writeUInt32LE(type, 64 + 56 * index))
  change(bytes)
  return bytes
}

describe('readLinkage', () => {
  let base = ''

  before(() => {
    base = mkdtempSync(join(tmpdir(), 'caisson-elf-'))
  })

  after(() => rmSync(base, { recursive: true, force: true }))

  const linkage = async (bytes: Uint8Array): Promise<string> => {
    const path = join(base, 'file')
    writeFileSync(path, bytes)
    const file = await open(path)
    try {
      return await readLinkage(file)
    } finally {
      await file.close()
    }
  }

  it('calls a program without an interpreter static, one with it dynamic', async () => {
    expect(await linkage(elf([1, 1, 6]))).to.equal('static')
    expect(await linkage(elf([6, 3, 1]))).to.equal('dynamic')
  })

  it('calls the program that runs this test dynamic', async () => {
    const file = await open(process.execPath)
    expect(await readLinkage(file)).to.equal('dynamic')
    await file.close()
  })

  for (const [title, bytes] of [
    ['an empty file', Buffer.alloc(0)],
    ['a script', Buffer.from(`#!/bin/sh\n${'# '.repeat(100)}`)],
    ['a header without program headers', elf([])],
    ['a header cut short', elf([1]).subarray(0, 63)],
    ['program headers beyond the end', elf([1]).subarray(0, 100)],
    ['an offset beyond the end', elf([1], (b) => b.writeBigUInt64LE(1n << 40n, 32))],
    ['more headers than any program has', elf([1], (b) => b.writeUInt16LE(0xffff, 56))],
    ['entries too small', elf([1], (b) => b.writeUInt16LE(8, 54))],
    ['another byte order', elf([1], (b) => b.writeUInt8(2, 5))],
    ['an unknown class', elf([1], (b) => b.writeUInt8(9, 4))],
  ] as const) {
    it(`calls ${title} no program`, async () => {
      expect(await linkage(bytes)).to.equal('not-elf')
    })
  }
})
