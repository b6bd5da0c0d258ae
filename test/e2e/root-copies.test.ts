import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { defineDriver, trustedProgram } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { createEngine, dirRootfs, pivotRoot } from 'caisson'
import { checkout } from '../architecture/checkout.js'
import { expectKeeping, expectLikeness, listed, makeRoot } from './root-work.js'

const isRoot = process.getuid?.() === 0
const copiesProcess = join(import.meta.dirname, 'copies-process.js')

// As root once more as somebody without privileges would: a user namespace of the launcher's own, with a single id.
const modes = isRoot ? (['best', 'single'] as const) : (['best'] as const)

for (const mode of modes) {
  describe(`roots that are copies${mode === 'single' ? ', with one id' : ''}`, function () {
    this.timeout(60_000)
    let place = ''
    let root = ''
    const open = (copyOnWrite: 'overlay' | 'copy') =>
      createEngine({
        from: `dir:${root}`,
        isolation: pivotRoot({ launcher: { mode } }),
        copyOnWrite,
        stateDir: join(place, 'state'),
        dataDir: join(place, `data-${mode}`),
      })

    before(async () => {
      place = mkdtempSync(join(tmpdir(), 'caisson-copies-'))
      root = await makeRoot(place, isRoot && mode === 'best')
    })
    after(() => {
      rmSync(place, { recursive: true, force: true })
    })

    for (const on of ['memory', 'disk'] as const) {
      it(`with writes to ${on}, look, work and are told of like overlays`, async () => {
        // an overlay knows that a directory was made anew, and copies up what gets another name; nlink is the copy's own
        const apart = ['again', 'v1', 'v2'].map((name) => `modified directory /r/${name}`)
        apart.push('modified file /r/old')
        await expectLikeness({ root, on, way: 'copy', open, apart })
      })

      it(`with writes to ${on}, are kept, forked, compared, put back and named`, async () => {
        await using engine = await open('copy')
        await using container = await engine.create({ writable: { on } })
        const { snapshot } = await expectKeeping(container)
        await container.sh('echo again > /r/dir/again')
        const committed = await container.commit(`copied-${on}`)
        await using named = await engine.create({ from: `layer:copied-${on}`, writable: { on } })
        expect((await named.sh('cat /r/dir/again /r/there/in')).stdout).to.equal('again\nmoved/in')
        await named.reset()
        expect((await named.sh('cat /r/dir/again /r/there/in')).stdout).to.equal('again\nmoved/in')
        expect(await listed(named.changes())).to.deep.equal([])
        await snapshot.delete()
        await committed.delete()
      })
    }

    // real root reads everything, and a plain user has no files of others
    if (mode === 'single')
      it('hold what could not be read as empty, and say nothing of it', async () => {
        const secret = join(root, 'r/secret')
        writeFileSync(secret, 'secret')
        chownSync(secret, 4321, 4321)
        chmodSync(secret, 0o4600)
        await using engine = await open('copy')
        await using container = await engine.create({ writable: { on: 'disk' } })
        const { stdout } = await container.sh("stat -c '%a %s' /r/secret; cat /r/secret")
        rmSync(secret)
        expect(stdout).to.equal('0 0\n')
        expect(await listed(container.changes())).to.deep.equal([])
      })

    it('do not hold themselves when the store lies in the root', async () => {
      const dataDir = join(root, `data-${mode}`)
      // as `host:` may: `dir:` refuses it
      const lender = dirRootfs().create(Scope.root())
      const unaware = defineDriver({
        kind: 'rootfs',
        name: 'unaware',
        apiVersion: 1,
        schemes: ['unaware'],
        probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
        create: () => ({ schemes: ['unaware'], lend: (request) => lender.lend(request) }),
      })
      await using engine = await createEngine({
        from: `unaware:${root}`,
        rootfs: [unaware],
        isolation: pivotRoot({ launcher: { mode } }),
        copyOnWrite: 'copy',
        stateDir: join(place, 'state'),
        dataDir,
      })
      await using container = await engine.create({ writable: { on: 'disk' } })
      const { stdout } = await container.sh(`find /data-${mode} -name upper -exec ls -A {} ';'`)
      expect(stdout).to.equal('')
      expect(await listed(container.changes())).to.deep.equal([])
      await container.remove()
      await engine[Symbol.asyncDispose]()
      rmSync(dataDir, { recursive: true })
    })

    it('that do not fit in memory are an error that says what would', async () => {
      await using engine = await open('copy')
      const made = engine.create({ writable: { size: '1MiB' } })
      const error: unknown = await made.then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).to.deep.include({
        code: 'ERR_STORE_SPACE',
        step: 'copyRoot',
        field: 'writable',
      })
      expect(error).to.have.property('fix').that.includes("on: 'disk'")
    })

    it('are gone with the next collection when Node was killed, also while they were made', async () => {
      const dataDir = join(place, `killed-${mode}`)
      const program = `
        import { createEngine, pivotRoot } from 'caisson'
        const engine = await createEngine({
          from: 'dir:${root}', copyOnWrite: 'copy', dataDir: '${dataDir}', stateDir: '${join(place, 'state')}',
          isolation: pivotRoot({ launcher: { mode: '${mode}' } }),
        })
        await engine.create({ writable: { on: 'disk' } })
        console.log('made')
        for (;;) await engine.create({ writable: { on: 'disk' } })`
      const node = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: checkout,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(createInterface({ input: node.stdout }), 'line')
      const exited = once(node, 'exit')
      node.kill('SIGKILL')
      await exited
      expect(readdirSync(join(dataDir, 'store/snaps'))).not.to.deep.equal([])
      await using engine = await createEngine({ dataDir, stateDir: join(place, 'state') })
      const store = await engine.store()
      // the launcher, which holds what it had mounted, is about to end
      for (let n = 0; n < 50 && readdirSync(join(dataDir, 'store/snaps')).length > 0; n++)
        await store.collect()
      expect(readdirSync(join(dataDir, 'store/snaps'))).to.deep.equal([])
      expect(readdirSync(join(dataDir, 'store/trash'))).to.deep.equal([])
    })
  })
}

interface Said {
  readonly code?: string
  readonly message?: string
  readonly fix?: string
  readonly writes: {
    readonly disk: {
      readonly ok: boolean
      readonly used: string
      readonly missing: readonly { readonly what: string; readonly fix: string }[]
    }
  }
  readonly taken: number
  readonly degraded: readonly string[]
  readonly changes: readonly string[]
  /** What forks saw, before and after something of the root was deleted. */
  readonly kept: string
  readonly forked: string
  readonly step: string
  readonly left: number
}

/** In a mount namespace in which `mount` has mounted something at $1/at. */
function saidAt(scratch: string, mount: string, way: string, mode = 'best'): Said {
  const script = `${mount} && exec "$2" "$3" "$1/at" "$4" "$5"`
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', script, 'sh', scratch, process.execPath, copiesProcess, way, mode],
    { encoding: 'utf8', cwd: checkout },
  )
  if (stdout === '') throw new Error(stderr)
  // our own program printed it
  return JSON.parse(stdout) as Said
}

const overlayMount =
  'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/at"'

/** The same, and what lies at the program's place is none. */
const program = trustedProgram('fuse-overlayfs')
const noFuseOverlayfs =
  overlayMount + (program === undefined ? '' : ` && mount --bind /dev/null ${program}`)

describe('a store on a file system that takes no overlay', function () {
  this.timeout(60_000)
  let scratch = ''

  before(function () {
    if (!isRoot) {
      console.log('      skipped: only root can mount what a store is to be put on')
      this.skip()
    }
    scratch = mkdtempSync(join(tmpdir(), 'caisson-no-overlay-'))
    for (const name of ['lower', 'upper', 'work', 'at']) mkdirSync(join(scratch, name))
  })
  after(() => {
    if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
  })

  it('has fuse-overlayfs, and says so', function () {
    if (program === undefined) {
      console.log('      skipped: no fuse-overlayfs (apt-get install fuse-overlayfs)')
      if (process.env['CAISSON_MUST_WORK'] === '1') throw new Error('fuse-overlayfs is missing')
      this.skip()
    }
    const said = saidAt(scratch, overlayMount, 'auto', 'single')
    expect(said.code, said.message).to.equal(undefined)
    expect(said.writes.disk).to.deep.include({ ok: true, used: 'fuse-overlayfs' })
    expect(said.writes.disk.missing).not.to.deep.equal([])
    expect(said.degraded[0]).to.match(/^copyOnWrite: fuse-overlayfs: every access/)
    expect([said.step, said.left]).to.deep.equal(['fuseRoot', 0])
    expect(said.changes).to.have.members(['deleted /bin/wc', 'added /new'])
    // an overlay takes no whiteouts: what was deleted cannot be kept there
    expect(said.kept).to.equal('new\n')
    expect(said.forked).to.match(/^ERR_UNSUPPORTED .*dataDir/)
  })

  it('has copies where there is no fuse-overlayfs, and says so', () => {
    const said = saidAt(scratch, noFuseOverlayfs, 'auto', 'single')
    expect(said.code, said.message).to.equal(undefined)
    expect(said.writes.disk).to.deep.include({ ok: true, used: 'copy' })
    expect(said.writes.disk.missing).not.to.deep.equal([])
    expect(said.degraded[0]).to.match(/^copyOnWrite: copy: every container has a copy/)
    expect([said.step, said.left]).to.deep.equal(['copyRoot', 0])
    expect(said.changes).to.have.members(['deleted /bin/wc', 'added /new'])
    // an overlay takes no whiteouts: what was deleted cannot be kept there
    expect(said.kept).to.equal('new\n')
    expect(said.forked).to.match(/^ERR_UNSUPPORTED .*dataDir/)
  })

  it('refuses an overlay, or shared data, that was asked for, and says why', () => {
    for (const way of ['overlay', 'reflink']) {
      const said = saidAt(scratch, overlayMount, way, 'single')
      expect(said.code).to.equal('ERR_UNSUPPORTED')
      expect(said.message).to.match(way === 'overlay' ? /overlay|fsconfig/ : /FICLONE/)
      expect(said.fix).to.match(/'auto'/)
    }
    const said = saidAt(scratch, noFuseOverlayfs, 'fuse-overlayfs', 'single')
    expect(said.code).to.equal('ERR_UNSUPPORTED')
    expect(said.fix).to.match(/apt-get install fuse-overlayfs/)
    expect(saidAt(scratch, overlayMount, 'nothing').code).to.equal('ERR_INVALID_SPEC')
  })
})

describe('a store on a file system that lists no types of entries', function () {
  this.timeout(60_000)
  let scratch = ''

  before(function () {
    if (!isRoot) {
      console.log('      skipped: only root can mount it')
      this.skip()
    }
    scratch = mkdtempSync(join(tmpdir(), 'caisson-no-types-'))
    mkdirSync(join(scratch, 'at'))
    const image = join(scratch, 'image')
    writeFileSync(image, '')
    truncateSync(image, 64 * 1024 * 1024)
    const made = spawnSync('mke2fs', ['-q', '-t', 'ext4', '-O', '^filetype', image])
    expect(made.status, String(made.stderr)).to.equal(0)
  })
  after(() => {
    if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
  })

  it('is told of by name, and does without overlays', () => {
    const said = saidAt(scratch, 'mount -o loop "$1/image" "$1/at"', 'auto')
    expect(said.code, said.message).to.equal(undefined)
    expect(said.writes.disk.used).not.to.equal('overlay')
    const [missing] = said.writes.disk.missing
    expect(missing?.what).to.include('d_type')
    expect(missing?.fix).to.include('`filetype`')
    expect(said.degraded[0]).to.match(/^copyOnWrite: .*d_type/)
    expect([said.step === 'overlay', said.left]).to.deep.equal([false, 0])
    expect(said.changes).to.have.members(['deleted /bin/wc', 'added /new'])
    expect(said.forked).to.equal('new\n')
  })

  it('refuses an overlay that was asked for, and says why', () => {
    const said = saidAt(scratch, 'mount -o loop "$1/image" "$1/at"', 'overlay')
    expect(said.code).to.equal('ERR_UNSUPPORTED')
    expect(said.message).to.include('d_type')
  })
})

describe('a store on btrfs', function () {
  this.timeout(60_000)
  let scratch = ''

  before(function () {
    const made = isRoot && spawnSync('mkfs.btrfs', ['--version']).status === 0
    if (!made) {
      console.log(
        `      skipped: ${isRoot ? 'no mkfs.btrfs (apt-get install btrfs-progs)' : 'only root can mount it'}`,
      )
      if (isRoot && process.env['CAISSON_MUST_WORK'] === '1')
        throw new Error('mkfs.btrfs is missing')
      this.skip()
    }
    scratch = mkdtempSync(join(tmpdir(), 'caisson-btrfs-'))
    mkdirSync(join(scratch, 'at'))
    const image = join(scratch, 'image')
    writeFileSync(image, '')
    truncateSync(image, 256 * 1024 * 1024)
    expect(spawnSync('mkfs.btrfs', ['-q', image]).status).to.equal(0)
  })
  after(() => {
    if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
  })

  it('has copies that share data with the root, where they are asked for', () => {
    const said = saidAt(scratch, 'mount -o loop "$1/image" "$1/at"', 'reflink')
    expect(said.code, said.message).to.equal(undefined)
    expect(said.writes.disk).to.deep.include({ ok: true, used: 'reflink', missing: [] })
    expect(said.degraded).to.deep.equal([])
    expect(said.step).to.equal('copyRoot')
    expect(said.changes).to.have.members(['deleted /bin/wc', 'added /new'])
    expect(said.forked).to.equal('new\n')
    // two megabytes of busybox are not written again
    expect(said.taken).to.be.lessThan(1_000_000)
    expect(existsSync(join(scratch, 'at/data'))).to.equal(false)
    expect(statSync(join(scratch, 'image')).size).to.be.greaterThan(0)
  })
})
