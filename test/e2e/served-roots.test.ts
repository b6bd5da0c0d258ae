// Roots that fuse-overlayfs serves: as good as overlays, and gone with whoever needed them.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { trustedProgram } from '@caisson/core'
import { createEngine, pivotRoot, type CopyOnWriteOption } from 'caisson'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'
import { expectKeeping, expectLikeness, look, makeRoot, type Likeness } from './root-work.js'
import { waitUntil } from './wait-until.js'

const isRoot = process.getuid?.() === 0

function missing(): string | undefined {
  if (trustedProgram('fuse-overlayfs') === undefined) return 'no fuse-overlayfs'
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
    return undefined
  } catch {
    return '/dev/fuse is not for this user'
  }
}

/** Pid of the launcher of a detached container. */
function launcherOf(stateDir: string, id: string): number {
  const record = join(stateDir, 'containers', id, 'record.json')
  // our own engine wrote it
  const { holder } = JSON.parse(readFileSync(record, 'utf8')) as {
    readonly holder: { readonly owner: { readonly pid: number } }
  }
  return holder.owner.pid
}

function fuseProcesses(
  isWanted: (parent: number, above: number | undefined) => boolean,
): readonly number[] {
  const parents = new Map<number, { readonly name: string; readonly parent: number }>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name = '', above = ''] =
        /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
      parents.set(Number(pid), { name, parent: Number(above) })
    } catch {
      // it has ended
    }
  }
  return [...parents]
    .filter(([, is]) => is.name === 'fuse-overlayfs')
    .filter(([, is]) => isWanted(is.parent, parents.get(is.parent)?.parent))
    .map(([pid]) => pid)
}

/** Pids of the servers of a launcher. */
function serversOf(launcher: number): readonly number[] {
  return fuseProcesses((parent) => parent === launcher)
}

/** Pids of the servers that a process started, by its launcher. */
function servers(pid: number): readonly number[] {
  return fuseProcesses((_, above) => above === pid)
}

/** The only one of this process. */
function theServer(): number {
  const [pid, ...more] = servers(process.pid)
  if (pid === undefined || more.length > 0) throw new Error(`${more.length} more than ${pid}`)
  return pid
}

async function noneLeft(pids: readonly number[]): Promise<void> {
  const left = () =>
    pids.filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'latin1') === 'fuse-overlayfs\n'
      } catch {
        return false
      }
    })
  await waitUntil('no server is left', () => left().length === 0)
}

/** Whether any process was started by these arguments, each with a NUL behind it. */
function runs(argv: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === argv
    } catch {
      return false
    }
  })
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function outcome(settles: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(settles).catch((thrown: unknown) => thrown)
}

/** That each way is what it is called. */
const isMounted: Likeness<'fuse-overlayfs'>['check'] = async (container, way) => {
  const type = await container.sh('awk \'$2 == "/" { print $3 }\' /proc/mounts')
  expect(type.stdout).to.equal(way === 'overlay' ? 'overlay\n' : 'fuse\n')
}

// As root once more as somebody without privileges would: a user namespace of the launcher's own, with a single id.
const modes = isRoot ? (['best', 'single'] as const) : (['best'] as const)

describe('a fuse-overlayfs that hangs', function () {
  this.timeout(60_000)

  it('is not waited for when the container is not wanted any more, and nothing is left', function () {
    const program = trustedProgram('fuse-overlayfs')
    const why = isRoot ? missing() : 'only root can put another program in its place'
    if (why !== undefined || program === undefined) {
      console.log(`      skipped: ${why}`)
      if (process.env['CAISSON_MUST_WORK'] === '1' && isRoot) throw new Error(why)
      this.skip()
    }
    const place = mkdtempSync(join(tmpdir(), 'caisson-hangs-'))
    try {
      mkdirSync(join(place, 'tmp'))
      writeFileSync(join(place, 'fake'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 })
      const script = `
        import { createEngine } from 'caisson'
        import { readdirSync } from 'node:fs'
        const engine = await createEngine({
          copyOnWrite: 'fuse-overlayfs', stateDir: '${place}/state', dataDir: '${place}/data' })
        const said = []
        for (const detached of [false, true]) {
          const made = engine.create({ detached, signal: AbortSignal.timeout(300) })
          said.push(await made.then(() => 'made', (error) => error.code))
        }
        const ran = engine.run(['true'], { signal: AbortSignal.timeout(300) })
        said.push(await ran.then(({ reason }) => reason, (error) => error.code))
        said.push(...readdirSync('${place}/tmp'))
        console.log(JSON.stringify(said))
        await engine[Symbol.asyncDispose]()`
      const replaced = `mount --bind "$1" ${program} && exec "$2" --input-type=module -e "$3"`
      const since = Date.now()
      const { stdout, stderr } = spawnSync(
        'unshare',
        ['-m', 'sh', '-c', replaced, 'sh', join(place, 'fake'), process.execPath, script],
        { encoding: 'utf8', cwd: checkout, env: { ...process.env, TMPDIR: join(place, 'tmp') } },
      )
      expect(stderr).to.equal('')
      expect(JSON.parse(stdout)).to.deep.equal(['ERR_ABORTED', 'ERR_ABORTED', 'ERR_ABORTED'])
      // it would be given ten seconds
      expect(Date.now() - since).to.be.lessThan(9000)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  })
})

for (const mode of modes) {
  describe(`roots that fuse-overlayfs serves${mode === 'single' ? ', with one id' : ''}`, function () {
    this.timeout(60_000)
    let place = ''
    let root = ''
    const open = (copyOnWrite: CopyOnWriteOption = 'fuse-overlayfs') =>
      createEngine({
        from: `dir:${root}`,
        isolation: pivotRoot({ launcher: { mode } }),
        copyOnWrite,
        stateDir: join(place, 'state'),
        dataDir: join(place, `data-${mode}`),
      })

    before(async function () {
      const why = missing()
      if (why !== undefined) {
        if (process.env['CAISSON_MUST_WORK'] === '1' && isRoot) throw new Error(why)
        console.log(`      skipped: ${why}`)
        this.skip()
      }
      place = mkdtempSync(join(tmpdir(), 'caisson-served-'))
      root = await makeRoot(place, isRoot && mode === 'best')
    })
    after(() => {
      if (place !== '') rmSync(place, { recursive: true, force: true })
    })

    for (const on of ['memory', 'disk'] as const) {
      it(`with writes to ${on}, look, work and are told of like overlays`, async () => {
        // what was made anew or moved; to fuse-overlayfs, with every directory in it
        const anew = ['again', 'v1', 'v2', 'v1/sub', 'v2/sub']
        const apart = anew.map((name) => `modified directory /r/${name}`)
        apart.push('modified file /r/old')
        await expectLikeness({ root, on, way: 'fuse-overlayfs', open, apart, check: isMounted })
      })

      it(`with writes to ${on}, are kept, forked, compared, put back and named`, async () => {
        await using engine = await open()
        await using container = await engine.create({ writable: { on } })
        const { snapshot, worked } = await expectKeeping(container)
        // what is kept has the marks of overlays, and no others
        await using overlays = await open('overlay')
        await using over = await overlays.create({ from: `snapshot:${snapshot.id}` })
        expect((await over.sh(look)).stdout).to.equal(worked)
        await snapshot.delete()
      })
    }

    it('end with the program, and say so', async () => {
      await using engine = await open()
      await using container = await engine.create()
      const pid = theServer()
      const running = container.sh('sleep 1000')
      await container.sh('true')
      process.kill(pid, 'SIGKILL')
      expect(await outcome(running)).to.deep.include({ exitCode: null, signal: 'SIGKILL' })
      const error = await outcome(container.sh('true'))
      expect(error).to.have.property('code', 'ERR_CONTAINER_GONE')
      expect(error).to.have.property('message').that.includes('fuse-overlayfs')
    })

    it('end with the program, and say so, also when they have a single command', async () => {
      await using engine = await open()
      const seconds = String(1_000_000 + process.pid)
      const ran = outcome(engine.run(['sleep', seconds]))
      await waitUntil('it runs', () => runs(`sleep\0${seconds}\0`))
      process.kill(theServer(), 'SIGKILL')
      const error = await ran
      expect(error).to.have.property('code', 'ERR_CONTAINER_GONE')
      expect(error).to.have.property('message').that.includes('fuse-overlayfs')
    })

    it('have a program that holds nothing, may write nothing else and ends with the container', async () => {
      await using engine = await open()
      const container = await engine.create({ writable: { on: 'disk' } })
      const pid = theServer()
      const links = readdirSync(`/proc/${pid}/fd`).map((fd) =>
        readlinkSync(`/proc/${pid}/fd/${fd}`),
      )
      expect(
        links.filter((to) => to.startsWith('socket:') || to.startsWith('anon_inode:')),
      ).to.deep.equal([])
      // those that it has made itself
      const ours = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`))
      expect(links.filter((to) => to.startsWith('pipe:') && ours.includes(to))).to.deep.equal([])
      const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'latin1').trim().split('\n')
      const writable = mounts
        .map((line) => line.split(' '))
        .filter(([, , , , , how = '']) => /^rw\b/.test(how))
      expect(writable.map(([, , , , at]) => at)).to.have.members(['/sys', '/sys/w'])
      expect((await container.sh('ps')).stdout).not.to.include('fuse-overlayfs')
      await container.stop()
      // its files are still to be had
      expect(String(await container.fs.readFile('/r/plain'))).to.equal('plain')
      await container.remove()
      await noneLeft([pid])
      expect((await engine.run(['true'])).exitCode).to.equal(0)
      await noneLeft(servers(process.pid))
    })

    it('leave no program and no mount when Node is killed', async () => {
      const program = `
        import { createEngine, pivotRoot } from 'caisson'
        const engine = await createEngine({
          from: 'dir:${root}', copyOnWrite: 'fuse-overlayfs', dataDir: '${join(place, `killed-${mode}`)}',
          stateDir: '${join(place, 'state')}', isolation: pivotRoot({ launcher: { mode: '${mode}' } }),
        })
        await engine.create({ writable: { on: 'disk' } })
        console.log('made')
        for (;;) await engine.create({ writable: { on: 'disk' } })`
      const node = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: checkout,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(createInterface({ input: node.stdout }), 'line')
      const pids = servers(node.pid ?? 0)
      expect(pids).not.to.deep.equal([])
      const exited = once(node, 'exit')
      node.kill('SIGKILL')
      await exited
      await noneLeft(pids)
      expect(readFileSync('/proc/self/mounts', 'latin1')).not.to.include('fuse-overlayfs')
    })

    it('live on detached, with their program, until they are removed', async () => {
      const id = await (async () => {
        await using engine = await open()
        const container = await engine.create({ detached: true })
        await container.sh('echo written > /r/new; rm /r/plain')
        return container.id
      })()
      await using engine = await open()
      const container = await engine.get(id)
      const pids = serversOf(launcherOf(join(place, 'state'), id))
      expect(pids).to.have.lengthOf(1)
      const seen = await container.sh('cat /r/new; awk \'$2 == "/" { print $3 }\' /proc/mounts')
      expect(seen.stdout).to.equal('written\nfuse\n')
      const changes: string[] = []
      for await (const { kind, path } of container.changes()) changes.push(`${kind} ${path}`)
      expect(changes).to.include.members(['added /r/new', 'deleted /r/plain'])
      await container.remove()
      await noneLeft(pids)
    })

    it('are among the ways that doctor() tries', async () => {
      await using engine = await open('auto')
      const { writes } = await engine.doctor()
      for (const where of [writes?.memory, writes?.disk])
        expect(where?.ways['fuse-overlayfs']).to.deep.equal({ ok: true, missing: [] })
      expect(writes?.disk?.used).to.equal('overlay')
    })
  })
}
