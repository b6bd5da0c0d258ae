import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  processStartTime,
  type CaissonError,
  type LaunchCommand,
  type Launcher,
  type LaunchPlan,
} from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand, textOf } from './fake-session.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

const modes = process.getuid?.() === 0 ? (['best', 'single'] as const) : (['best'] as const)
const env = ['PATH=/bin']

async function errorOf(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    return error as CaissonError
  }
  throw new Error('it did not fail')
}

/** The kernel tells nobody but the parent: look until it is true or the test times out. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5)
}

for (const mode of modes) {
  describe(`the real launcher, mode ${mode}`, () => {
    let root: RealRoot
    let launcher: Launcher
    let plan: LaunchPlan

    before(async function () {
      this.timeout(120_000)
      const busybox = await findStaticBusybox()
      if (!busybox) {
        console.log('      skipped: needs a static busybox (apt-get install busybox-static)')
        return this.skip()
      }
      if (process.env['CAISSON_LAUNCHER'] === undefined) {
        const script = fileURLToPath(new URL('../scripts/build-launcher.mjs', import.meta.url))
        const built = spawnSync(process.execPath, [script, '--quiet'], { encoding: 'utf8' })
        expect(built.status, built.stderr).to.equal(0)
      }
      root = new RealRoot(busybox)
      launcher = createLauncher({ mode })
      plan = root.plan(await launcher.identity())
      return undefined
    })
    after(async () => {
      await launcher?.[Symbol.asyncDispose]()
      root?.[Symbol.dispose]()
    })

    const start = (argv: readonly string[], more: Partial<LaunchCommand> = {}) =>
      launcher.run(plan, someCommand(argv, { env, ...more }))
    const sh = (script: string, more: Partial<LaunchCommand> = {}) =>
      start(['sh', '-c', script], more).ended

    it('captures both streams and the exit code', async () => {
      const end = await sh('echo out; echo err >&2; exit 7')
      expect(end).to.include({ exitCode: 7, signal: null, stdoutTotal: 4, stderrTotal: 4 })
      expect([textOf(end), Buffer.from(end.stderr).toString()]).to.deep.equal(['out\n', 'err\n'])
      expect(end.peakMemoryBytes).to.be.greaterThan(0)
    })

    it('keeps head and tail of more output than it was asked to keep', async () => {
      const script =
        'echo head; i=0; while [ $i -lt 2000 ]; do echo filler; i=$((i+1)); done; echo tail'
      const end = await sh(script, { maxOutputBytes: 100 })
      expect(end.stdout.length).to.equal(100)
      expect(end.stdoutTotal).to.equal(10 + 2000 * 7)
      expect(textOf(end))
        .to.match(/^head\n/)
        .and.match(/tail\n$/)
    })

    it('runs argv and environment exactly as given', async () => {
      const argv = [
        'sh',
        '-c',
        'echo "$0|$1|$2|$FOO|$(busybox env | busybox wc -l)"',
        'a b',
        '',
        'é\n*',
      ]
      const end = await start(argv, { env: [...env, 'FOO=x=y', 'HOME=/'] }).ended
      expect(textOf(end)).to.match(/^a b\|\|é\n\*\|x=y\|/)
    })

    it('feeds bytes to stdin, also more than a pipe holds', async () => {
      const bytes = Buffer.alloc(1 << 20, 'caisson ')
      const end = await start(['cat'], { stdin: { kind: 'bytes', bytes }, maxOutputBytes: 2 << 20 })
        .ended
      expect(Buffer.from(end.stdout).equals(bytes)).to.equal(true)
    })

    it('streams stdin and stdout at the same time', async () => {
      const bytes = Buffer.alloc(4 << 20, 'streamed ')
      const launched = start(['cat'], { stdin: { kind: 'stream' }, stdout: 'stream' })
      const { stdin, stdout, stderr } = await launched.started
      expect(stderr).to.equal(undefined)
      if (!stdin || !stdout) throw new Error('a stream is missing')
      const [, got] = await Promise.all([pipeline(Readable.from([bytes]), stdin), buffer(stdout)])
      expect(got.equals(bytes)).to.equal(true)
      expect(await launched.ended).to.include({ exitCode: 0, stdoutTotal: 0 })
    })

    it('lets a reader go away, and stalls nobody for one that does not read', async () => {
      const lazy = start(['yes'], { stdout: 'stream' })
      const { stdout: unread } = await lazy.started
      const gone = start(['yes'], { stdout: 'stream' })
      const { stdout } = await gone.started
      stdout?.destroy()
      const end = await gone.ended
      expect(end.signal === 'SIGPIPE' || end.exitCode === 1).to.equal(true)
      expect(await sh('echo others go on')).to.include({ exitCode: 0 })
      lazy.signal('SIGKILL')
      expect(await lazy.ended).to.include({ signal: 'SIGKILL' })
      unread?.destroy()
    })

    it('does not mind a command that leaves its input unread', async () => {
      const launched = start(['true'], { stdin: { kind: 'stream' } })
      const { stdin } = await launched.started
      expect(await launched.ended).to.include({ exitCode: 0 })
      stdin?.write('nobody reads this')
      stdin?.end()
      const bytes = Buffer.alloc(1 << 20)
      expect(await start(['true'], { stdin: { kind: 'bytes', bytes } }).ended).to.include({
        exitCode: 0,
      })
    })

    it('says why a command could not be executed', async () => {
      expect(await errorOf(start(['nope']).ended)).to.include({
        code: 'ERR_COMMAND_NOT_FOUND',
        subject: 'nope',
      })
      expect(await errorOf(start(['/no/such']).ended)).to.include({ code: 'ERR_COMMAND_NOT_FOUND' })
      const directory = await errorOf(start(['/bin/directory']).ended)
      expect(directory).to.include({
        code: 'ERR_COMMAND_NOT_EXECUTABLE',
        step: 'exec',
        errno: 'EACCES',
      })
      const large = start(['echo', ...Array.from({ length: 40 }, () => 'x'.repeat(120_000))])
      expect(await errorOf(large.ended)).to.include({ code: 'ERR_ARGV_TOO_LARGE' })
    })

    it('says why a template could not be built', async () => {
      const source = `${root.path}/missing`
      const missing = {
        ...plan,
        template: [{ op: 'bind', source, at: 'l', recursive: 0, attrs: 0, idmap: 0 } as const],
      }
      const error = await errorOf(launcher.run(missing, someCommand(['true'])).ended)
      expect(error).to.include({
        code: 'ERR_MOUNT_SOURCE',
        subject: source,
        errno: 'ENOENT',
        step: 'bind',
      })
    })

    it('sends signals to a command that runs', async () => {
      const launched = start(['sleep', '1000'], { reportStart: true })
      expect((await launched.started).pid).to.be.greaterThan(1)
      launched.signal('SIGTERM')
      expect(await launched.ended).to.include({ signal: 'SIGTERM', exitCode: null })
    })

    it('runs a hundred at once', async () => {
      const ends = await Promise.all(Array.from({ length: 100 }, (_, i) => sh(`echo ${i}`)))
      expect(ends.map(textOf)).to.deep.equal(Array.from({ length: 100 }, (_, i) => `${i}\n`))
    })

    it('keeps a container, lists what it wrote, and forgets it', async () => {
      const container = await launcher.create(plan, [{ op: 'hostname', name: 'kept' }])
      const exec = (script: string) =>
        container.exec(plan.process, someCommand(['sh', '-c', script], { env })).ended
      expect(
        textOf(await exec('busybox hostname; echo new >/tmp/file; busybox rm /bin/yes')),
      ).to.equal('kept\n')
      expect(textOf(await exec('cat /tmp/file'))).to.equal('new\n')
      await container.stop()
      const entries = []
      for await (const entry of container.upperEntries(0, ['l/0.0'])) entries.push(entry)
      const wrote = new Map(entries.map((entry) => [entry.path, entry]))
      expect(wrote.get('tmp/file')).to.include({
        type: 'file',
        whiteout: false,
        lower: undefined,
        size: 4,
      })
      expect(wrote.get('bin/yes')).to.include({ whiteout: true, lower: 'symlink' })
      expect(existsSync(`/proc/${container.pid}`)).to.equal(false)
      expect(existsSync(`${root.path}/bin/yes`)).to.equal(true)
      await container.remove()
    })

    it('leaves no descriptor of Node open', async () => {
      await sh('true')
      const before = readdirSync('/proc/self/fd').length
      for (let i = 0; i < 20; i++) {
        const launched = start(['cat'], {
          stdin: { kind: 'stream' },
          stdout: 'stream',
          stderr: 'stream',
        })
        const { stdin, stdout, stderr } = await launched.started
        stdin?.end('x')
        await Promise.all([stdout, stderr].map((stream) => buffer(stream ?? Readable.from([]))))
        await launched.ended
      }
      await until(() => readdirSync('/proc/self/fd').length <= before)
    })

    it('dies with everything it holds, says so, and is replaced', async () => {
      const container = await launcher.create(plan, [])
      const pending = start(['sleep', '1000'], { reportStart: true })
      await pending.started
      const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
      process.kill(Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]), 'SIGKILL')
      const error = await errorOf(pending.ended)
      expect(error).to.include({ code: 'ERR_LAUNCHER_GONE', retryable: true })
      expect(error.message).to.include('SIGKILL')
      await container.gone
      // What the launcher did not live to reap waits for the host's pid 1 as a zombie: that is dead enough.
      await until(() => processStartTime(container.pid) === undefined)
      expect(await sh('echo again')).to.include({ exitCode: 0 })
    })
  })
}
