import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openEngine } from './snapshot-engine.js'

const caisson = new URL(import.meta.resolve('caisson')).href

describe('doctor() of what containers write', function () {
  this.timeout(60_000)
  let scratch = ''

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-doctor-'))
  })
  after(() => {
    rmSync(scratch, { recursive: true, force: true })
  })

  it('tries memory and disk out, makes no store, and leaves nothing', async () => {
    const former = process.env['TMPDIR']
    process.env['TMPDIR'] = scratch
    try {
      await using engine = await openEngine(join(scratch, 'on'))
      const { writes } = await engine.doctor()
      const works = { ok: true, missing: [] }
      for (const place of [writes?.memory, writes?.disk]) {
        expect(place).to.deep.include({ ...works, used: 'overlay' })
        expect(place?.ways).to.deep.include({ overlay: works, copy: works })
      }
      expect(writes?.memory.ways.reflink.ok).to.equal(false)
    } finally {
      if (former === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = former
    }
    expect(existsSync(join(scratch, 'on/data/store'))).to.equal(false)
    expect(readdirSync(scratch).filter((name) => name.startsWith('.'))).to.deep.equal([])
  })

  it('says what keeps them from it on a file system that takes no overlay', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can mount an overlay to put a store on')
      this.skip()
    }
    for (const name of ['lower', 'upper', 'work', 'at']) mkdirSync(join(scratch, name))
    const script = `
      import { createEngine } from ${JSON.stringify(caisson)}
      const dataDir = ${JSON.stringify(join(scratch, 'at/data'))}
      const engine = await createEngine({ from: 'busybox:', dataDir, stateDir: ${JSON.stringify(join(scratch, 'state'))} })
      console.log(JSON.stringify((await engine.doctor()).writes))
      await engine[Symbol.asyncDispose]()`
    const mount =
      'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/at"'
    const { stdout, stderr } = spawnSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        `${mount} && exec "$2" --input-type=module -e "$3"`,
        'sh',
        scratch,
        process.execPath,
        script,
      ],
      { encoding: 'utf8', cwd: import.meta.dirname },
    )
    const writes: unknown = stdout === '' ? stderr : JSON.parse(stdout)
    expect(writes).to.have.nested.property('memory.ok', true)
    expect(writes).to.have.nested.property('disk.ok', false)
    expect(writes).to.have.nested.property('disk.missing[0].what').that.includes('.caisson-probe-')
    expect(writes)
      .to.have.nested.property('disk.missing[0].fix')
      .that.matches(/file system/)
    expect(readdirSync(join(scratch, 'upper'))).to.deep.equal([])
  })
})
