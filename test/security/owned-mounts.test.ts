// Files that a container makes in a directory of the host belong to that directory's owner: no litter of root's.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, type PresetEngine } from 'caisson'
import { rejection } from '../e2e/rejection.js'

const isRoot = process.getuid?.() === 0
const OWNER = 12_345
const GROUP = 12_346

describe('a bind mount with owner: source', function () {
  this.timeout(30_000)
  let engine: PresetEngine
  let directory: string

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-owned-'))
    chmodSync(directory, 0o755)
    if (isRoot) chownSync(directory, OWNER, GROUP)
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const mount = () => ({
    mounts: [
      { kind: 'bind', from: directory, to: '/work', readonly: false, owner: 'source' },
    ] as const,
  })
  const owners = (name: string) => {
    const { uid, gid } = statSync(join(directory, name))
    return `${uid}:${gid}`
  }
  const ownerOfDirectory = () => owners('.')

  it('gives the owner what root of the container makes there', async () => {
    const make = 'stat -c %u:%g /work; mkdir /work/d; echo x >/work/d/f; ln -s f /work/d/l'
    const { stdout, stderr } = await engine.run(['sh', '-c', make], mount())
    expect([stdout, stderr]).to.deep.equal(['0:0\n', ''])
    expect(owners('d')).to.equal(ownerOfDirectory())
    expect(owners('d/f')).to.equal(ownerOfDirectory())
  })

  it('gives the owner what another user of the container makes there', async function () {
    if (!isRoot) {
      const error = await rejection(engine.run(['true'], { ...mount(), user: '7:8' }))
      expect(error)
        .to.have.property('code')
        .that.matches(/^ERR_UNSUPPORTED$|^ERR_USER_NOT_FOUND$/)
      return
    }
    const options = { ...mount(), user: '7:8' }
    const { stdout } = await engine.run(
      ['sh', '-c', 'stat -c %u:%g /work; echo x >/work/f'],
      options,
    )
    expect(stdout).to.equal('7:8\n')
    expect(owners('f')).to.equal(ownerOfDirectory())
  })

  it('gives the owner what nobody makes there in a strict container', async () => {
    const strict = { profile: 'strict', allowDegraded: ['pids', 'memory'] } as const
    const running = engine.run(['sh', '-c', 'echo x >/work/f; stat -c %u:%g /work'], {
      ...strict,
      ...mount(),
    })
    if (/range/.test(engine.picked.isolation.facts['mode'] ?? '')) {
      // a user's own id is then that of the container's root, and nobody else's
      expect((await rejection(running)).code).to.equal('ERR_UNSUPPORTED')
      return
    }
    const { stdout, stderr } = await running
    expect([stdout, stderr]).to.deep.equal(['65534:65534\n', ''])
    expect(owners('f')).to.equal(ownerOfDirectory())
  })

  it('makes files of everybody else nobody’s, who cannot be impersonated', async function () {
    if (!isRoot) this.skip()
    writeFileSync(join(directory, 'roots'), 'x', { mode: 0o600 })
    const look = 'stat -c %u /work/roots; cat /work/roots; echo y >/work/roots; chown 5 /work/own'
    writeFileSync(join(directory, 'own'), 'x')
    chownSync(join(directory, 'own'), OWNER, GROUP)
    const { stdout, exitCode } = await engine.run(['sh', '-c', look], mount())
    expect(stdout).to.equal('65534\n')
    expect(exitCode).not.to.equal(0)
    expect(owners('roots')).to.equal('0:0')
    expect(owners('own')).to.equal(ownerOfDirectory())
  })

  it('refuses files of a user that the mount does not know', async function () {
    if (!isRoot) this.skip()
    await using container = await engine.create(mount())
    const made = await container.exec('sh', ['-c', 'echo x >/work/f'], { user: '9:9' })
    expect(made.ok).to.equal(false)
    expect(() => statSync(join(directory, 'f'))).to.throw(/ENOENT/)
  })

  it('follows the directory that is there: one made anew in its place belongs to its own owner', async function () {
    if (!isRoot) this.skip()
    await engine.run(['sh', '-c', 'echo x >/work/f'], mount())
    rmSync(directory, { recursive: true })
    mkdirSync(directory)
    chownSync(directory, OWNER + 5, GROUP)
    const { stderr } = await engine.run(['sh', '-c', 'echo x >/work/f'], mount())
    expect(stderr).to.equal('')
    expect(owners('f')).to.equal(`${OWNER + 5}:${GROUP}`)
  })

  it('is refused where nobody knows yet who the user is', async () => {
    expect(await rejection(engine.run(['true'], { ...mount(), user: 'daemon' }))).to.include({
      code: 'ERR_INVALID_SPEC',
      field: 'mounts[0].owner',
    })
  })
})

describe('a bind mount without links and programs', function () {
  this.timeout(30_000)

  it('follows no link and runs no program', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'caisson-plain-'))
    chmodSync(directory, 0o755)
    try {
      await using engine = await createEngine()
      const make =
        'cd /work; cp /bin/true t; ln -s /etc/passwd l; ./t && echo ran; cat l >/dev/null && echo followed'
      const run = async (more: object) =>
        (
          await engine.run(['sh', '-c', `${make}; exit 0`], {
            mounts: [{ kind: 'bind', from: directory, to: '/work', readonly: false, ...more }],
          })
        ).stdout
      expect(await run({})).to.equal('ran\nfollowed\n')
      expect(await run({ exec: false })).to.equal('followed\n')
      expect(await run({ symlinks: false })).to.equal('ran\n')
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
