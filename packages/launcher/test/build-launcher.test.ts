import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

interface Elf {
  readonly interpreter: boolean
  readonly libraries: boolean
  readonly executableStack: boolean
  readonly relro: boolean
}

interface ElfModule {
  inspectElf(path: string): Elf
  faultsOf(elf: Elf): readonly string[]
  programHeaders(bytes: Buffer): readonly unknown[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
// A plain script without types of its own.
const elf = (await import(join(root, 'scripts/elf.mjs'))) as ElfModule

describe('the ELF reader', () => {
  it('finds the interpreter and the libraries of a dynamic program', () => {
    const found = elf.inspectElf(process.execPath)
    expect(found).to.include({ interpreter: true, libraries: true, executableStack: false })
    expect(elf.faultsOf(found).join()).to.include('PT_INTERP').and.include('DT_NEEDED')
  })

  it('finds every fault of a program that must not be started as root', () => {
    const sound = elf.inspectElf(join(root, 'build/caisson-launcher'))
    expect(elf.faultsOf(sound)).to.deep.equal([])
    for (const fault of [
      { interpreter: true },
      { libraries: true },
      { textRelocations: true },
      { executableStack: true },
      { writableCode: true },
      { relro: false },
    ]) {
      expect(elf.faultsOf({ ...sound, ...fault }), JSON.stringify(fault)).to.have.length(1)
    }
  })

  it('refuses what is no ELF file and headers that lie outside', () => {
    expect(() => elf.programHeaders(Buffer.from('#!/bin/sh\n'))).to.throw('not an ELF file')
    const node = readFileSync(process.execPath).subarray(0, 4096)
    node.writeBigUInt64LE(5000n, 32)
    expect(() => elf.programHeaders(node)).to.throw('outside')
  })
})

describe('build-launcher', function () {
  this.timeout(120_000)
  let copy: string
  const script = () => join(copy, 'scripts/build-launcher.mjs')
  const program = () => join(copy, 'build/caisson-launcher')
  const build = (env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(process.execPath, [script()], { encoding: 'utf8', env })

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'caisson-build-'))
    for (const folder of ['c', 'scripts'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true })
  })
  after(() => rmSync(copy, { recursive: true }))

  it('makes a static program without an interpreter', () => {
    const done = build()
    expect(done.status, done.stderr).to.equal(0)
    expect(elf.faultsOf(elf.inspectElf(program()))).to.deep.equal([])
    // Started without a control socket it must refuse, not crash: the program was not only linked, it runs.
    const run = spawnSync(program(), { stdio: 'ignore' })
    expect(run.signal).to.equal(null)
    expect(run.status).to.be.greaterThan(0)
  })

  it('keeps no path of this machine in it', () => {
    expect(readFileSync(program()).includes(copy)).to.equal(false)
  })

  it('does nothing when nothing changed, and builds again when a source did', () => {
    const before = statSync(program()).mtimeMs
    expect(build().stdout).to.include('up to date')
    expect(statSync(program()).mtimeMs).to.equal(before)
    writeFileSync(
      join(copy, 'c/decode.c'),
      `${readFileSync(join(copy, 'c/decode.c'), 'utf8')}\n/* changed */\n`,
    )
    expect(build().stdout).to.include('built caisson-launcher')
  })

  it('keeps the last good program when a source is broken', () => {
    const good = readFileSync(program())
    // all of them: each compiler that is tried would go on with the others
    for (const name of readdirSync(join(root, 'c')).filter((path) => path.endsWith('.c')))
      writeFileSync(join(copy, 'c', name), '#error broken on purpose\n')
    const done = build()
    expect(done.status).to.equal(1)
    expect(done.stderr).to.include('broken on purpose')
    expect(readFileSync(program()).equals(good)).to.equal(true)
    cpSync(join(root, 'c'), join(copy, 'c'), { recursive: true })
  })

  it('names the packages to install when there is no compiler', () => {
    const done = build({ PATH: '/nonexistent' })
    expect(done.status).to.equal(1)
    expect(done.stderr)
      .to.include('apt-get install gcc musl-tools')
      .and.include('dnf install')
      .and.include('apk add')
  })

  it('builds without musl too', () => {
    const done = build({ ...process.env, CC: 'cc' })
    expect(done.status, done.stderr).to.equal(0)
    expect(done.stdout).to.include('(cc, static')
    expect(elf.faultsOf(elf.inspectElf(program()))).to.deep.equal([])
  })

  it('refuses an option it does not know', () => {
    expect(() => execFileSync(process.execPath, [script(), '--fast'], { stdio: 'pipe' })).to.throw(
      '--fast',
    )
  })
})
