import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  errnoOf,
  KeptFile,
  parseFlatKeyed,
  parsePressure,
  parseSingle,
  readIfThere,
  writeKernelFile,
} from '@caisson/cgroup-kit'
import { expect } from 'chai'

describe('files of control groups', () => {
  let directory: string

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-kernel-file-'))
  })

  after(() => rmSync(directory, { recursive: true }))

  it('are never made by a write', () => {
    let errno: unknown
    try {
      writeKernelFile(join(directory, 'pids.max'), '1')
    } catch (error) {
      errno = errnoOf(error)
    }
    expect(errno).to.equal('ENOENT')
    expect(readIfThere(join(directory, 'pids.max'))).to.equal(undefined)
  })

  it('are read anew from their start while they are kept open, however long', () => {
    const path = join(directory, 'memory.stat')
    writeFileSync(path, 'a 1\n')
    const file = KeptFile.open(path)
    expect(file?.read()).to.equal('a 1\n')
    const long = 'name 123456\n'.repeat(5000)
    writeFileSync(path, long)
    expect(file?.read()).to.equal(long)
    file?.close()
    file?.close()
    expect(file?.read()).to.equal(undefined)
    expect(KeptFile.open(join(directory, 'missing'))).to.equal(undefined)
  })
})

describe('what they say', () => {
  it('is read line by line', () => {
    const stat = parseFlatKeyed('usage_usec 12\nbroken\nname text\nuser_usec 3\n')
    expect([...stat]).to.deep.equal([
      ['usage_usec', 12],
      ['user_usec', 3],
    ])
    expect(parseSingle('42\n')).to.equal(42)
    for (const none of ['max\n', '', undefined, 'x']) expect(parseSingle(none)).to.equal(undefined)
  })

  it('is pressure where the kernel counts it', () => {
    const some = 'some avg10=1.50 avg60=0.00 avg300=0.00 total=1234\n'
    const full = 'full avg10=0.25 avg60=0.00 avg300=0.00 total=77\n'
    expect(parsePressure(some)).to.deep.equal({ some: { avg10: 1.5, totalUs: 1234 } })
    expect(parsePressure(some + full)?.full).to.deep.equal({ avg10: 0.25, totalUs: 77 })
    for (const none of ['', undefined, 'full']) expect(parsePressure(none)).to.equal(undefined)
  })
})
