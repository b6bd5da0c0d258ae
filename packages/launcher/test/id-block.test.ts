import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { BLOCK_IDS, candidateBases, claimIdBlock } from '../dist/id-block.js'

const script = fileURLToPath(new URL('claim-ids.js', import.meta.url))

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('candidateBases', () => {
  it('are aligned, in range, and the same for the same seed', () => {
    const bases = [...candidateBases('seed', [])]
    expect(bases).to.deep.equal([...candidateBases('seed', [])])
    expect(bases).to.not.deep.equal([...candidateBases('other', [])])
    for (const base of bases) {
      expect(base % BLOCK_IDS).to.equal(0)
      expect(base).to.be.within(0x80000, 0x6fff0000)
    }
  })

  it('avoid ids that accounts and other tools use', () => {
    const [first = 0, second = 0, third = 0] = candidateBases('seed', [])
    const used = [
      { start: first + 65_535, count: 1 },
      { start: second - 1, count: 2 },
    ]
    expect(candidateBases('seed', used).next().value).to.equal(third)
  })
})

describe('claimIdBlock', () => {
  let stateDir: string
  const children: ChildProcess[] = []

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-ids-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child)
    rmSync(stateDir, { recursive: true })
  })

  async function claimElsewhere(
    ...bases: number[]
  ): Promise<{ child: ChildProcess; base: string }> {
    const child = spawn(process.execPath, [script, stateDir, ...bases.map(String)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    return { child, base: line }
  }

  it('takes the first free candidate and gives it back', () => {
    const one = claimIdBlock(stateDir, [65_536, 131_072])
    const two = claimIdBlock(stateDir, [65_536, 131_072])
    expect([one.base, two.base]).to.deep.equal([65_536, 131_072])
    expect(() => claimIdBlock(stateDir, [65_536, 131_072])).to.throw('no block')
    one.release()
    one.release()
    expect(claimIdBlock(stateDir, [65_536, 131_072]).base).to.equal(65_536)
  })

  it('keeps its directory to itself', () => {
    claimIdBlock(stateDir)
    expect(statSync(join(stateDir, 'ids')).mode & 0o777).to.equal(0o700)
  })

  it('never gives one block to two of eight processes that race for it', async function () {
    this.timeout(30_000)
    const bases = [65_536, 131_072, 196_608]
    const got = (await Promise.all(Array.from({ length: 8 }, () => claimElsewhere(...bases)))).map(
      (c) => c.base,
    )
    const claimed = got.filter((base) => base !== 'none')
    expect(new Set(claimed).size).to.equal(claimed.length)
    expect(readdirSync(join(stateDir, 'ids')).length).to.equal(claimed.length)
  })

  it('respects a living owner and takes over from a killed one', async () => {
    const { child, base } = await claimElsewhere(65_536)
    expect(base).to.equal('65536')
    expect(() => claimIdBlock(stateDir, [65_536])).to.throw('no block')
    await end(child)
    expect(claimIdBlock(stateDir, [65_536]).base).to.equal(65_536)
    expect(readdirSync(join(stateDir, 'ids')).length).to.equal(1)
  })

  it('is not fooled by a process that got the pid of a dead owner', () => {
    const mine = claimIdBlock(stateDir, [65_536])
    const [file = ''] = readdirSync(join(stateDir, 'ids'))
    mine.release()
    const [base, pid, , namespace] = file.split('.')
    writeFileSync(join(stateDir, 'ids', `${base}.${pid}.1.${namespace}.00`), '')
    expect(claimIdBlock(stateDir, [65_536]).base).to.equal(65_536)
  })

  it('takes an owner in another pid namespace for alive', () => {
    claimIdBlock(stateDir, [131_072])
    writeFileSync(join(stateDir, 'ids', '65536.1.1.1.00'), '')
    expect(() => claimIdBlock(stateDir, [65_536])).to.throw('no block')
  })
})
