import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import type { DetachedHolder, LaunchedDetached, Launcher } from '@caisson/core'
import { isCaissonError, isMarkAlive } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand, textOf } from './fake-session.js'
import { findStaticBusybox, RealRoot } from './real-root.js'

async function failureOf(promise: Promise<unknown>) {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('a launcher that is left to itself', function () {
  this.timeout(20_000)
  let root: RealRoot
  let launcher: Launcher
  let stateDir: string
  let directory: string
  let holder: DetachedHolder | undefined
  let left: LaunchedDetached | undefined

  before(async function () {
    const busybox = await findStaticBusybox()
    if (busybox === undefined) {
      console.log('      skipped: no static busybox on this host')
      this.skip()
    }
    root = new RealRoot(busybox)
  })

  after(() => root?.[Symbol.dispose]())

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-detached-'))
    // longer than a socket's address may be
    directory = join(stateDir, 'd'.repeat(120))
    launcher = createLauncher({ stateDir })
    holder = left = undefined
  })

  afterEach(async () => {
    await left?.remove()
    await launcher[Symbol.asyncDispose]()
    if (holder) expect(isMarkAlive(holder.owner), 'the launcher').to.equal(false)
    rmSync(stateDir, { recursive: true })
  })

  async function leave(
    prepare: () => void = () => {},
    logBytes = 1024 * 1024,
  ): Promise<LaunchedDetached> {
    if (!launcher.detached) throw new Error('it has no `detached`')
    await using own = await launcher.detached()
    const plan = root.plan(own.identity)
    const container = await own.create({ ...plan, process: [] }, [])
    left = await own.handOver(container, { directory, logBytes }, async (published) => {
      holder = published
      mkdirSync(directory, { mode: 0o700 })
      mkdirSync(join(directory, 'logs'), { mode: 0o700 })
      prepare()
    })
    return left
  }

  function execIn(container: LaunchedDetached, argv: readonly string[]) {
    if (!holder) throw new Error('nothing was published')
    return container.exec(root.plan(holder.identity).process, someCommand(argv))
  }

  it('listens at a socket of its own user alone, and takes it away again', async () => {
    const container = await leave()
    const socket = lstatSync(join(directory, 'socket'))
    expect(socket.isSocket()).to.equal(true)
    expect(socket.mode & 0o777).to.equal(0o600)
    expect(textOf(await execIn(container, ['echo', 'hello']).ended)).to.equal('hello\n')
    await container.remove()
    expect(readdirSync(directory)).to.deep.equal(['logs'])
  })

  it('takes nothing that lies in its place, and follows no link', async () => {
    const target = join(stateDir, 'target')
    writeFileSync(target, 'untouched')
    for (const plant of [
      () => symlinkSync(target, join(directory, 'socket')),
      () => symlinkSync(join(stateDir, 'nowhere'), join(directory, 'socket')),
      () => writeFileSync(join(directory, 'socket'), 'mine'),
    ]) {
      const error = await failureOf(leave(plant))
      expect(error).to.include({ code: 'ERR_LAUNCH', syscall: 'bind', errno: 'EADDRINUSE' })
      // what was not handed over is gone, and what lay there is not
      expect(readdirSync(directory)).to.have.members(['logs', 'socket'])
      rmSync(directory, { recursive: true })
    }
    expect(readFileSync(target, 'utf8')).to.equal('untouched')
    expect(readdirSync(stateDir)).not.to.include('nowhere')
  })

  it('uses no directory that others may enter, nor a link to one', async () => {
    for (const loosen of [
      () => chmodSync(directory, 0o755),
      () => chmodSync(join(directory, 'logs'), 0o770),
      () => {
        rmSync(join(directory, 'logs'), { recursive: true })
        symlinkSync(stateDir, join(directory, 'logs'))
      },
    ]) {
      const error = await failureOf(leave(loosen))
      expect(error.code).to.equal('ERR_LAUNCH')
      rmSync(directory, { recursive: true })
    }
  })

  it('leaves a socket that another put in its place', async () => {
    const container = await leave()
    await execIn(container, ['true']).ended
    rmSync(join(directory, 'socket'))
    writeFileSync(join(directory, 'socket'), 'mine')
    await container.remove()
    expect(readFileSync(join(directory, 'socket'), 'utf8')).to.equal('mine')
  })

  it('outlives a client that talks nonsense, or nothing', async () => {
    const container = await leave()
    for (const words of ['', '\xff'.repeat(64), '\0'.repeat(7)]) {
      // the first path is too long for an address: relative to it, it is not
      const socket = connect(`/proc/self/fd/${openDirectory()}/socket`)
      await once(socket, 'connect')
      socket.end(Buffer.from(words, 'latin1'))
      socket.on('error', () => {}) // what it did not read it resets
      await new Promise((resolve) => socket.resume().once('close', resolve))
    }
    expect(textOf(await execIn(container, ['echo', 'still here']).ended)).to.equal('still here\n')
  })

  it('turns away other users, whatever the modes of files say', async function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: to be another user takes root')
      this.skip()
    }
    directory = join(stateDir, 'd')
    const container = await leave()
    for (const path of [stateDir, directory]) chmodSync(path, 0o711)
    chmodSync(join(directory, 'socket'), 0o666)
    const program = `
      const socket = require('node:net').connect(process.argv[1])
      let bytes = 0
      socket.on('data', (data) => (bytes += data.length))
      socket.on('error', () => {})
      socket.on('close', () => console.log(bytes))`
    const stranger = (ids: object) =>
      spawnSync(process.execPath, ['-e', program, join(directory, 'socket')], {
        encoding: 'utf8',
        timeout: 2000,
        ...ids,
      })
    expect(stranger({ uid: 54_321, gid: 54_321 }).stdout).to.equal('0\n')
    for (const path of [stateDir, directory]) chmodSync(path, 0o700)
    // and goes on for its own
    expect(textOf(await execIn(container, ['echo', 'on']).ended)).to.equal('on\n')
  })

  it('bounds its logs, and keeps their places', async () => {
    const container = await leave(() => {}, 64 * 1024)
    const { stdoutTotal } = await execIn(container, [
      'sh',
      '-c',
      'i=0; while [ $i -lt 20000 ]; do echo "line number $i"; i=$((i+1)); done',
    ]).ended
    const logs = join(directory, 'logs')
    const segments = readdirSync(logs)
      .filter((name) => /^\d+\.out\.\d+$/.test(name))
      .map((name) => ({ name, start: Number(name.split('.')[2]) }))
      .toSorted((a, b) => a.start - b.start)
    expect(segments).to.have.length(2)
    const kept = segments.map(({ name }) => readFileSync(join(logs, name), 'utf8')).join('')
    expect((segments[0]?.start ?? 0) + kept.length).to.equal(stdoutTotal)
    expect(kept.length).to.be.within(32 * 1024, 64 * 1024)
    expect(kept.endsWith('line number 19999\n')).to.equal(true)
    const [end] = readdirSync(logs).filter((name) => name.endsWith('.end'))
    expect(readFileSync(join(logs, end ?? ''), 'utf8')).to.equal(`${stdoutTotal} 0\n`)
  })

  it('keeps the log of the first command, and of no other once its result was told', async () => {
    const container = await leave()
    await execIn(container, ['echo', 'first']).ended
    for (let i = 0; i < 5; i++) await execIn(container, ['echo', 'other']).ended
    expect(await container.firstEnd()).to.include({ exitCode: 0, stdoutTotal: 6 })
    await container.detach()
    // connecting again is answered after what was sent before
    await container.firstEnd()
    const commands = readdirSync(join(directory, 'logs')).map((name) => name.split('.')[0])
    expect(new Set(commands).size).to.equal(1)
  })

  it('tells of a first command that could not run', async () => {
    const container = await leave()
    const error = await failureOf(execIn(container, ['/no/such/program']).ended)
    expect(error.code).to.equal('ERR_COMMAND_NOT_FOUND')
    await container.detach()
    expect((await failureOf(container.firstEnd())).code).to.equal('ERR_COMMAND_NOT_FOUND')
  })

  it('ends a wait by its signal, and one for a container that is gone', async () => {
    const container = await leave()
    const abort = new AbortController()
    const waiting = failureOf(container.firstEnd(abort.signal))
    abort.abort()
    expect((await waiting).code).to.equal('ERR_ABORTED')
    const first = failureOf(container.firstEnd())
    await container.stop()
    expect((await first).code).to.equal('ERR_CONTAINER_GONE')
  })

  const descriptors: number[] = []

  function openDirectory(): number {
    const fd = openSync(directory, 'r')
    descriptors.push(fd)
    return fd
  }

  after(() => {
    for (const fd of descriptors) closeSync(fd)
  })
})
