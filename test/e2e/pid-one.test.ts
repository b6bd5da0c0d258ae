import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits } from 'caisson'
import { expectNothingLeft, takeStock } from './leftovers.js'
import { processesWith } from './processes-with.js'
import { rejection } from './rejection.js'
import { waitUntil } from './wait-until.js'

describe('pid 1', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>
  const from = 'busybox:'
  const run = (script: string, options: Parameters<typeof engine.run>[1] = {}) =>
    engine.run(['sh', '-c', script], { from, init: 'command', ...options })

  /** One whose change takes the tie to the parent away, where there is more than one. */
  const otherUser = async (): Promise<string> => {
    const { stdout } = await engine.run(['cat', '/proc/self/uid_map'], { from })
    return stdout.trim().split(/\s+/).at(2) === '1' ? '0' : '1000'
  }

  before(async () => {
    engine = await createEngine()
    await engine.run(['true'], { from })
  })
  after(() => engine[Symbol.asyncDispose]())

  it('is a reaper of ours, which buries ten thousand orphans', async () => {
    await using container = await engine.create({ from })
    // each is orphaned at once: its parent, a subshell, does not wait for it
    const made = await container.sh(
      'i=0; while [ $i -lt 10000 ]; do (: & ); i=$((i+1)); done; echo $i',
    )
    expect(made.stdout).to.equal('10000\n')
    const count =
      'until n=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z "); [ "$n" = 0 ]; do :; done; ls -d /proc/[0-9]* | wc -l'
    const left = await container.sh(count, { timeout: '20s' })
    expect(left.reason).to.equal('exit')
    // pid 1, the shell, ls, and wc if it is there already
    expect(Number(left.stdout)).to.be.within(3, 4)
  })

  it('is the command itself when that is asked for, also with a terminal', async () => {
    const { stdout, exitCode, reason } = await run('echo $$; cat /proc/1/comm; exit 7')
    expect([stdout, exitCode, reason]).to.deep.equal(['1\nsh\n', 7, 'exit'])
    const tty = { cols: 80, rows: 24 }
    const shown = await run('echo $$; tty; stty size', { tty })
    expect(shown.stdout).to.equal('1\r\n/dev/pts/0\r\n24 80\r\n')
  })

  it('keeps no descriptor of ours when it is the command', async () => {
    const { stdout } = await run('for f in /proc/1/fd/*; do readlink $f; done')
    const open = stdout.trim().split('\n')
    expect(open).to.have.lengthOf(3)
    for (const target of open) expect(target).to.match(/^(\/dev\/null|pipe:\[\d+\])$/)
  })

  it('reports as ever what cannot be executed, and streams as ever', async () => {
    const missing = await engine.run(['/bin/nowhere'], { from, init: 'command' })
    expect([missing.exitCode, missing.error?.code]).to.deep.equal([127, 'ERR_COMMAND_NOT_FOUND'])
    const noUser = engine.run(['true'], { from, init: 'command', user: 'nobody-here' })
    expect(await rejection(noUser)).to.include({ code: 'ERR_USER_NOT_FOUND' })
    const exec = run('read line; echo got $line', { stdin: 'pipe' })
    exec.stdin.end('this\n')
    expect(await exec.pid).to.equal(1)
    expect((await exec).stdout).to.equal('got this\n')
  })

  it('does not hear signals that it does not handle, but dies by SIGKILL with all it started', async () => {
    const exec = run('echo up; (setsid sleep 1000 &); while :; do sleep 0.05; done')
    const lines = exec.lines()[Symbol.asyncIterator]()
    await lines.next()
    await exec.kill('SIGTERM')
    await exec.kill('SIGUSR1')
    await exec.kill()
    const { reason, signal } = await exec
    expect([reason, signal]).to.deep.equal(['killed', 'SIGKILL'])
  })

  it('hears signals that it handles', async () => {
    const exec = run('trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done')
    for await (const line of exec.lines()) if (line === 'up') await exec.kill('SIGTERM')
    const { reason, exitCode, stdout } = await exec
    expect([reason, exitCode, stdout]).to.deep.equal(['exit', 3, 'up\nbye\n'])
  })

  it('ends its container with it, and leaves nothing', async () => {
    const before = takeStock()
    await Promise.all(
      Array.from({ length: 20 }, () => run('setsid sleep 1000 & (sleep 1000 &); exit 0')),
    )
    await expectNothingLeft(before)
  })

  it('dies with its launcher when it is the command', async () => {
    const marker = `caisson-pid-one-${randomUUID()}`
    await using other = await createEngine()
    const exec = other.run(['sh', '-c', 'echo up; while :; do sleep 0.05; done', marker], {
      from,
      init: 'command',
      user: await otherUser(),
    })
    const failed = rejection(exec)
    for await (const line of exec.lines()) {
      if (line !== 'up') continue
      const [pid] = processesWith(marker)
      const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      process.kill(Number(parent), 'SIGKILL')
      break
    }
    expect(await failed).to.include({ code: 'ERR_LAUNCHER_GONE' })
    await waitUntil('it is dead', () => processesWith(marker).length === 0)
  })

  it('cannot be the command of a container that stays', async () => {
    // @ts-expect-error: an option of run() alone
    const refused = rejection(engine.create({ from, init: 'command' }))
    expect(await refused).to.include({ code: 'ERR_UNSUPPORTED', field: 'init' })
    expect((await refused).fix).to.include('run()')
    // @ts-expect-error: neither of the two
    const unknown = rejection(engine.run(['true'], { from, init: 'systemd' }))
    expect(await unknown).to.include({ code: 'ERR_INVALID_SPEC', field: 'init' })
  })
})
