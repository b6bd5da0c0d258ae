import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'
import { requireMachine } from './require-machine.js'
import { runInMachine } from './virtual-machine.js'

const machineProcess = fileURLToPath(new URL('machine-process.js', import.meta.url))

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Pids of processes in whose command line a text stands. */
function processesOf(text: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
    } catch {
      return false // it ended while we looked, or is another user's
    }
  })
}

describe('a test machine', function () {
  this.timeout(120_000)
  let folder = ''

  before(function () {
    requireMachine(this)
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'caisson-machine-test-'))
    chmodSync(folder, 0o777)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('hands back the exit code and both streams, and has cgroup v2 with its controllers', async () => {
    const script = 'cat /sys/fs/cgroup/cgroup.subtree_control; pwd; echo "$WORD" >&2; exit 7'
    const ran = await runInMachine(['sh', '-c', script], { cwd: '/usr', env: { WORD: "it's\n$" } })
    expect(ran.code).to.equal(7)
    expect(ran.stdout.toString()).to.equal('cpu io memory pids\n/usr\n')
    expect(ran.stderr.toString()).to.equal("it's\n$\n")
  })

  it('loses and changes nothing of 20 MB of all bytes there are', async () => {
    const block = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    writeFileSync(join(folder, 'bytes'), Buffer.alloc(20 * 2 ** 20, block))
    const path = join(folder, 'bytes')
    const ran = await runInMachine(['cat', path], { share: [folder] })
    expect(ran.code).to.equal(0)
    expect(hash(ran.stdout)).to.equal(hash(readFileSync(path)))
    expect(ran.stderr.toString()).to.equal('')
  })

  it('ends with 124 when its time is up', async () => {
    const ran = await runInMachine(['sh', '-c', 'echo begun; sleep 1000'], { timeoutMs: 10_000 })
    expect([ran.code, ran.stdout.toString()]).to.deep.equal([124, 'begun\n'])
  })

  it('ends with 125 and the kernel’s log when its kernel panics', async () => {
    const ran = await runInMachine(['sh', '-c', 'echo c > /proc/sysrq-trigger; sleep 1000'])
    expect(ran.code).to.equal(125)
    expect(ran.log).to.include('Kernel panic')
  })

  it('tells a signal as a shell does', async () => {
    expect((await runInMachine(['sh', '-c', 'kill -KILL $$'])).code).to.equal(137)
  })

  it('leaves the host’s files alone, but for what it was given', async () => {
    // a copy: the program is set-user-ID, and its owner is nobody to a machine of an ordinary user
    const script = `echo x > ${folder}/given; echo x > ${checkout}/written; cat ${checkout}/written
      cp /bin/mount /tmp/mount; mkdir /raw && /tmp/mount -t hostfs none /raw && echo x > /raw${checkout}/written`
    const ran = await runInMachine(['sh', '-c', script], { share: [folder] })
    expect(ran.stdout.toString()).to.equal('x\n')
    expect(ran.stderr.toString()).to.include('Read-only file system')
    expect(readFileSync(join(folder, 'given'), 'utf8')).to.equal('x\n')
    expect(readdirSync(checkout)).not.to.include('written')
  })

  it('does not outlive who asked for it, not even SIGKILL', async () => {
    const child = spawn(process.execPath, [machineProcess, 'sh', '-c', 'echo begun; sleep 1000'], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(processesOf(folder)).not.to.have.length(0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    while (processesOf(folder).length > 0) await delay(20)
  })

  it('is one of several at the same time, each by itself', async () => {
    const script = 'echo $1 > /run/mine; sleep 1; cat /run/mine; ls /run | grep -c mine'
    const run = (name: string) => runInMachine(['sh', '-c', script, 'sh', name])
    const [one, two] = await Promise.all([run('one'), run('two')])
    expect([one.stdout.toString(), two.stdout.toString()]).to.deep.equal(['one\n1\n', 'two\n1\n'])
  })

  it('needs no privilege', function () {
    if (process.getuid?.() !== 0) return this.skip() // every test here has shown it
    const [uid, gid] = [65534, 65534]
    const may = spawnSync('unshare', ['--user', 'true'], { uid, gid })
    if (may.status !== 0) {
      console.log('      skipped: this host lets no ordinary user have a user namespace')
      return this.skip()
    }
    const argv = [machineProcess, 'sh', '-c', 'id -u; exit 5']
    const env = { PATH: process.env['PATH'], TMPDIR: folder }
    const ran = spawnSync(process.execPath, argv, { uid, gid, env, encoding: 'utf8' })
    expect([ran.status, ran.stdout], ran.stderr).to.deep.equal([5, '0\n'])
    return undefined
  })

  it('runs a command as a user to whom a tree of groups was given', async () => {
    const script =
      'id -u; cd /sys/fs/cgroup/command && mkdir mine && ls -d mine; echo 1 > cgroup.freeze'
    const user = { uid: 1000, gid: 1000 }
    const ran = await runInMachine(['sh', '-c', script], { cwd: '/', user, delegate: true })
    expect(ran.stdout.toString()).to.equal('1000\nmine\n')
    expect(ran.stderr.toString()).to.include('Permission denied')
  })
})
