// What an engine keeps for itself is shown to no container: neither by a bind, whatever it is called, nor by a root.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, hostRootfs, type PresetEngine } from 'caisson'
import { isCaissonError } from '@caisson/core'

async function failureOf(work: PromiseLike<unknown>) {
  try {
    await work
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

const bind = (from: string) => ({
  mounts: [
    { kind: 'tmpfs', to: '/a' },
    { kind: 'bind', from, to: '/b' },
  ] as const,
})
describe('the directories of an engine', function () {
  this.timeout(30_000)
  let place: string
  let stateDir: string
  let dataDir: string
  let engine: PresetEngine

  before(async () => {
    place = mkdtempSync(join(tmpdir(), 'caisson-own-'))
    stateDir = join(place, 'run/state')
    dataDir = join(place, 'home/data')
    for (const path of ['run', 'home', 'work']) mkdirSync(join(place, path))
    engine = await createEngine({
      stateDir,
      dataDir,
      rootfs: [hostRootfs({ include: [place] })],
    })
  })
  after(async () => {
    await engine?.[Symbol.asyncDispose]()
    rmSync(place, { recursive: true, force: true })
  })

  it('are refused as binds, with all that holds them or lies in them, also before they are there', async () => {
    const refused = async (from: string, words: string): Promise<void> => {
      for (const work of [
        () => engine.run(['true'], bind(from)),
        () => engine.create(bind(from)),
        () => engine.create({ ...bind(from), detached: true }),
      ]) {
        const error = await failureOf(work())
        expect(error).to.be.instanceOf(TypeError)
        expect(error).to.include({ code: 'ERR_MOUNT_SOURCE', field: 'mounts[1].from' })
        expect(error.message).to.include(words)
        expect(error.fix).to.match(/createEngine\(\{ (stateDir|dataDir) \}\)/)
      }
    }
    await refused(join(place, 'run'), `it holds the state directory of this engine (${stateDir})`)
    await refused('/', 'it holds the state directory')
    for (const path of [join(stateDir, 'containers'), join(dataDir, 'store')])
      mkdirSync(path, { recursive: true, mode: 0o700 })
    writeFileSync(join(stateDir, 'file'), '')
    symlinkSync(stateDir, join(place, 'work/link'))
    await refused(stateDir, 'it lies in the state directory')
    await refused(join(stateDir, 'containers'), 'it lies in the state directory')
    await refused(join(stateDir, 'file'), 'it lies in the state directory')
    await refused(join(place, 'work/link'), 'it lies in the state directory')
    await refused(join(place, 'work/link/containers'), 'it lies in the state directory')
    await refused(join(place, 'home'), `it holds the data directory of this engine (${dataDir})`)
    await refused(join(dataDir, 'store'), 'it lies in the data directory')
    const beside = await engine.run(['test', '-L', '/b/link'], bind(join(place, 'work')))
    expect(beside.ok).to.equal(true)
  })

  it('are refused as roots, with all that holds them or lies in them', async () => {
    mkdirSync(join(dataDir, 'store'), { recursive: true, mode: 0o700 })
    symlinkSync(join(place, 'home'), join(place, 'work/home'))
    for (const [from, words] of [
      [place, 'it holds the state directory'],
      [join(place, 'run'), 'it holds the state directory'],
      [stateDir, 'it lies in the state directory'],
      [join(place, 'work/home'), 'it holds the data directory'],
      [join(dataDir, 'store'), 'it lies in the data directory'],
    ] as const) {
      for (const work of [
        () => engine.run(['true'], { from: `dir:${from}` }),
        () => engine.create({ from: `dir:${from}` }),
      ]) {
        const error = await failureOf(work())
        expect(error).to.include({ code: 'ERR_ROOTFS_INVALID', subject: from })
        expect(error.message).to.include(words)
        expect(error.fix).to.match(/createEngine\(\{ (stateDir|dataDir) \}\)/)
      }
    }
    const beside = await engine.run(['/nothing'], { from: `dir:${place}/work` })
    expect(beside.error).to.include({ code: 'ERR_COMMAND_NOT_FOUND' })
  })

  it('are hidden where `host:` shows what holds them', async () => {
    mkdirSync(join(stateDir, 'secret'), { recursive: true, mode: 0o700 })
    mkdirSync(join(dataDir, 'secret'), { recursive: true, mode: 0o700 })
    const list = await engine.run(['sh', '-c', `ls ${place}; ls -A ${stateDir} ${dataDir}`], {
      from: 'host:',
    })
    expect(list.stdout).to.match(/^home\nrun\nwork\n/)
    expect(list.stdout).not.to.include('secret')
    expect(list.stdout).not.to.include('containers')
  })

  it('are refused in `include`, by name', async () => {
    const options = { stateDir, dataDir }
    for (const [shown, option] of [
      [stateDir, 'stateDir'],
      [join(dataDir, 'store'), 'dataDir'],
    ] as const) {
      const rootfs = [hostRootfs({ include: [join(place, 'work'), shown] })]
      const error = await failureOf(createEngine({ ...options, rootfs }))
      expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'include[1]' })
      expect(error.fix).to.include(option)
    }
  })
})
