import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, type Exec, type ExecResult } from 'caisson'
import { checkout } from '../architecture/checkout.js'
import { waitUntil } from './wait-until.js'

const tty = { cols: 80, rows: 24 }

/** What the launcher of this process has open. */
function launcherDescriptors(): readonly string[] {
  const path = `/proc/self/task/${process.pid}/children`
  const [launcher] = readFileSync(path, 'utf8').trim().split(' ')
  return readdirSync(`/proc/${launcher}/fd`)
}

/** Its result, with what it had said when it was killed. */
async function killedWhenItSpoke(exec: Exec): Promise<Pick<ExecResult, 'reason' | 'stdout'>> {
  let stdout = ''
  for await (const event of exec) {
    if (event.type !== 'stdout') continue
    stdout += Buffer.from(event.data).toString()
    if (stdout.includes('\n')) await exec.kill('SIGKILL')
  }
  return { reason: (await exec).reason, stdout }
}

/**
 * A person at a terminal: runs the example, types, resizes, ends it, and looks at the terminal afterwards. Prints what it
 * saw as JSON.
 */
const person = `
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
pid, master = os.forkpty()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 31, 91, 0, 0))
    before = termios.tcgetattr(0)
    child = os.spawnv(os.P_NOWAIT, sys.argv[1], [sys.argv[1], *sys.argv[3:]])
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    after = termios.tcgetattr(0)
    code = os.waitstatus_to_exitcode(status)
    os.write(1, ('STATE ' + json.dumps([code, before == after]) + ' END').encode())
    os._exit(0)
seen = b''
def until(text):
    global seen
    end = time.time() + 20
    while text not in seen:
        if not select.select([master], [], [], max(0, end - time.time()))[0]:
            raise SystemExit('no %r in %r' % (text, seen))
        seen += os.read(master, 4096)
    at = seen.index(text) + len(text)
    part, seen = seen[:at], seen[at:]
    return part
def type(text):
    os.write(master, text)
until(b'# ')
raw = not termios.tcgetattr(master)[3] & (termios.ICANON | termios.ISIG | termios.ECHO)
type(b'stty size; tty\\n')
until(b'31 91')
until(b'/dev/pts/0')
until(b'# ')
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 12, 34, 0, 0))
os.kill(pid, signal.SIGWINCH)
type(b'until [ "$(stty size)" = "12 34" ]; do :; done; echo re""sized\\n')
until(b'resized')
type(b'sleep 1000; echo code-$?\\n')
until(b'code-$?')
time.sleep(0.2)
type(b'\\x03')
until(b'# ')
if sys.argv[2] == 'exit':
    type(b'exit 5\\n')
else:
    os.kill(pid, signal.SIGTERM)
until(b'STATE ')
print(json.dumps({'raw': raw, 'state': json.loads(until(b' END')[:-4])}))
`

describe('terminals', function () {
  this.timeout(60_000)

  it('leave no descriptor behind, a hundred of them, some killed and some never started', async () => {
    await using engine = await createEngine()
    const from = 'busybox:'
    const round = async (): Promise<void> => {
      await using container = await engine.create({ from })
      const commands = Array.from({ length: 20 }, (_, index) => {
        if (index % 2 === 0) return container.exec('tty', [], { tty })
        return killedWhenItSpoke(engine.run(['sh', '-c', 'tty; sleep 1000'], { from, tty }))
      })
      const missing = await container.exec('/nowhere', [], { tty })
      expect(missing.exitCode).to.equal(127)
      for (const [index, { reason, stdout }] of (await Promise.all(commands)).entries()) {
        expect(reason).to.equal(index % 2 === 0 ? 'exit' : 'killed')
        expect(stdout).to.match(/^\/dev\/pts\/\d+\r\n$/)
      }
    }
    await round()
    const [launchers, own] = [launcherDescriptors().length, readdirSync('/proc/self/fd').length]
    for (let i = 0; i < 5; i++) await round()
    // the pools of the launcher fill up by themselves
    const settled = () => launcherDescriptors().length <= launchers
    await waitUntil('the launcher has closed them', settled)
    expect(readdirSync('/proc/self/fd').length).to.be.at.most(own)
  })

  for (const [how, code] of [
    ['exit', 5],
    ['SIGTERM', 1],
  ] as const) {
    it(`of one's own are attached and restored by the example, which ends by ${how}`, function () {
      if (spawnSync('python3', ['--version']).status !== 0) {
        console.log('      skipped: needs python3, which can be at a terminal')
        this.skip()
      }
      const args = ['-c', person, process.execPath, how, 'examples/dist/terminal.js', 'env']
      args.push('PS1=# ', 'sh', '-i')
      const { stdout, stderr } = spawnSync('python3', args, { cwd: checkout, encoding: 'utf8' })
      expect(stderr).to.equal('')
      expect(JSON.parse(stdout)).to.deep.equal({ raw: true, state: [code, true] })
    })
  }

  it('are no terminal to the example when it is not at one', () => {
    const run = spawnSync(process.execPath, ['examples/dist/terminal.js'], { cwd: checkout })
    expect(run.status).to.equal(1)
    expect(String(run.stderr)).to.include('run this in a terminal')
  })
})
