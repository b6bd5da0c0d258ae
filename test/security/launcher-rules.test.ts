// Rules of how a command is started that no other test is about; docs/security-rules.md says which is where.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, pivotRoot, type PresetEngine } from 'caisson'
import { checkout } from '../architecture/checkout.js'
import { rejection } from '../e2e/rejection.js'

const isRoot = process.getuid?.() === 0
const program = join(checkout, 'packages/launcher/build/caisson-launcher')

/** struct sock_filter. */
function insn(code: number, jt: number, jf: number, k: number): Buffer {
  const one = Buffer.alloc(8)
  one.writeUInt16LE(code, 0)
  one.writeUInt8(jt, 2)
  one.writeUInt8(jf, 3)
  one.writeUInt32LE(k, 4)
  return one
}

/** A filter that lets everything through but these calls, which fail with EPERM. Little-endian machines only. */
function denying(numbers: readonly number[]): Uint8Array {
  const LOAD = 0x20
  const JUMP_IF_EQUAL = 0x15
  const RETURN = 0x06
  const tests = numbers.map((nr, n) => insn(JUMP_IF_EQUAL, numbers.length - n, 0, nr))
  const allow = insn(RETURN, 0, 0, 0x7fff0000)
  const deny = insn(RETURN, 0, 0, 0x00050001)
  return Uint8Array.from(Buffer.concat([insn(LOAD, 0, 0, 0), ...tests, allow, deny]))
}

const hostMounts = (): number => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length

describe('how a command is started', function () {
  this.timeout(60_000)
  let engine: PresetEngine

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  const status = async (line: string, options: object = {}): Promise<string> => {
    const { stdout } = await engine.run(
      ['sed', '-n', `s/^${line}:\t//p`, '/proc/self/status'],
      options,
    )
    return stdout.trim()
  }

  const adj = async (oomScore: number) =>
    Number((await engine.run(['cat', '/proc/self/oom_score_adj'], { oomScore })).stdout)

  // CVE-2024-21626: close-on-exec comes too late for a path of execve that leads through a descriptor
  it('L1: nothing that is open before exec can be the way to the program', async () => {
    const found: string[] = []
    for (let n = 3; n < 24; n++) {
      for (const rest of ['', '/exe', '/self/exe', '/bin/true', '/usr/bin/true']) {
        const { exitCode } = await engine.run([`/proc/self/fd/${n}${rest}`])
        if (exitCode !== 127) found.push(`${n}${rest}: ${exitCode}`)
      }
    }
    expect(found).to.deep.equal([])
  })

  it('L3: the working directory is the user’s to enter, and lies inside the root', async function () {
    for (const cwd of ['/proc/self/fd/3', '/proc/self/fd/7', '/proc/1/cwd', '/proc/1/root']) {
      const result = await engine.run(['pwd', '-P'], { cwd }).catch((error: unknown) => error)
      if (!(result instanceof Error)) expect(result, cwd).to.have.property('stdout', '/\n')
    }
    const options = { cwd: '/root', user: '1000:1000' }
    expect(await rejection(engine.run(['pwd'], options)))
      .to.have.property('code')
      .that.matches(/^ERR_CWD$|^ERR_USER_NOT_FOUND$/)
  })

  it('L12: it leads a session of its own, and has no terminal of the caller’s', async () => {
    const { stdout } = await engine.run([
      'sh',
      '-c',
      'read -r a b c d e f g h </proc/$$/stat; echo $a $e $f $g',
    ])
    const [pid, group, session, terminal] = stdout.trim().split(' ')
    expect([group, session, terminal]).to.deep.equal([pid, pid, '0'])
  })

  it('L17: of mounts, only its own are left in its namespace, and one root', async () => {
    const { stdout } = await engine.run(['cut', '-d ', '-f', '5', '/proc/self/mountinfo'])
    const at = stdout.trim().split('\n')
    expect(at.filter((path) => path === '/')).to.have.length(1)
    const others = readFileSync('/proc/self/mountinfo', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((path) => !/^\/(?:$|proc|sys|dev|usr|etc|opt|var|lib|bin|sbin|srv|tmp)/.test(path))
    for (const path of others) expect(at).not.to.include(path)
  })

  it('L18: no mount of a container is ever one of the host', async () => {
    const before = hostMounts()
    for (let i = 0; i < 20; i++) await engine.run(['true'])
    expect(hostMounts()).to.equal(before)
  })

  it('L18: nor where the host hands on what is mounted on it', function () {
    if (!isRoot) {
      console.log('      skipped: needs root, to make mounts that are handed on')
      return this.skip()
    }
    const preset = new URL('../../../packages/caisson/dist/index.js', import.meta.url).href
    const script = `
      import { readFileSync } from 'node:fs'
      import { createEngine } from ${JSON.stringify(preset)}
      const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').length
      const before = mounts()
      const engine = await createEngine()
      const container = await engine.create()
      await container.exec('true')
      console.log(mounts() - before)
      await engine[Symbol.asyncDispose]()`
    // of a namespace of its own, which ends with it
    const share = 'mount --make-rshared / && exec "$@"'
    const node = [process.execPath, '--input-type=module', '-e', script]
    const args = ['-m', '--propagation', 'private', 'sh', '-c', share, 'sh', ...node]
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
    expect(stdout, stderr).to.equal('0\n')
    return undefined
  })

  it('L23: a filter that denies what a start needs does not get in its way: it comes last', async function () {
    if (process.arch !== 'x64') this.skip()
    // setgroups setresuid setresgid capset prctl close_range openat2 mount_setattr landlock_* setsid chdir umask
    const calls = [116, 117, 119, 126, 157, 436, 437, 442, 444, 445, 446, 112, 80, 95]
    const options = { seccomp: { bpf: denying(calls) }, landlock: true } as const
    const { stdout, stderr } = await engine.run(
      ['sh', '-c', 'echo started; umask 077; cd /tmp'],
      options,
    )
    expect(stdout).to.equal('started\n')
    expect(stderr).to.match(/cd|chdir/)
  })

  it('L24: with a single id nobody can drop a group that only keeps out', async () => {
    await using single = await createEngine({
      isolation: pivotRoot({ launcher: { mode: 'single' } }),
    })
    const { stdout } = await single.run(['cat', '/proc/self/setgroups'])
    expect(stdout).to.equal('deny\n')
  })

  it('L26: its session keyring is its own, although Node has one that it could inherit', function () {
    const nr = '(POSIX::uname())[4] eq "x86_64" ? 250 : 219'
    // KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING
    const look = `use POSIX; printf "%d", syscall(${nr}, 0, -3, 0)`
    const preset = new URL('../../../packages/caisson/dist/index.js', import.meta.url).href
    const script = `
      import { spawnSync } from 'node:child_process'
      import { createEngine } from ${JSON.stringify(preset)}
      const look = ${JSON.stringify(look)}
      const engine = await createEngine()
      const inside = async () =>
        (await engine.run(['perl', '-e', look], { seccomp: 'unconfined' })).stdout
      console.log([spawnSync('perl', ['-e', look]).stdout, await inside(), await inside()].join(' '))
      await engine[Symbol.asyncDispose]()`
    // KEYCTL_JOIN_SESSION_KEYRING, and Node is what has it
    const joined = `use POSIX; syscall(${nr}, 1, 0) > 0 or exit 77; exec @ARGV`
    const args = ['-e', joined, process.execPath, '--input-type=module', '-e', script]
    const { status: code, stdout, stderr } = spawnSync('perl', args, { encoding: 'utf8' })
    if (code === 77) {
      console.log('      skipped: this host has no session keyrings')
      this.skip()
    }
    const ids = stdout.trim().split(' ')
    expect(ids, stderr).to.have.length(3)
    for (const id of ids) expect(id).to.match(/^[1-9]\d*$/)
    expect(new Set(ids).size).to.equal(3)
  })

  it('L27: its place in control groups begins with it', async () => {
    const { stdout } = await engine.run(['cut', '-d:', '-f3', '/proc/self/cgroup'])
    expect([...new Set(stdout.trim().split('\n'))]).to.deep.equal(['/'])
  })

  it('L32: its program is searched in whole parts of PATH, inside the root, and never in the working directory', async () => {
    const make = 'printf "#!/bin/sh\\necho mine\\n" >/tmp/planted; chmod 755 /tmp/planted'
    await using container = await engine.create()
    await container.sh(make)
    const run = async (PATH: string) =>
      (await container.exec('planted', [], { env: { PATH }, cwd: '/tmp' })).exitCode
    for (const PATH of [
      '',
      ':',
      '.',
      './',
      '/usr/bin:',
      ':/usr/bin',
      'tmp',
      '../tmp',
      '/usr/bin::/bin',
    ]) {
      expect(await run(PATH), JSON.stringify(PATH)).to.equal(127)
    }
    expect(await run('/usr/bin:/tmp')).to.equal(0)
  })

  it('L32: a program that only the host has is not found', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'caisson-hosts-'))
    try {
      writeFileSync(join(directory, 'hosts-only'), '#!/bin/sh\necho found\n', { mode: 0o755 })
      const { exitCode } = await engine.run(['hosts-only'], { env: { PATH: directory } })
      expect(exitCode).to.equal(127)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('L38: no signal is ignored or blocked, whatever Node does with its own', async () => {
    // Node ignores SIGPIPE
    for (const line of ['SigIgn', 'SigBlk']) {
      expect(await status(line), line).to.equal('0000000000000000')
    }
  })

  it('L39: it is killed before its maker when memory is short, and never after it', async () => {
    const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'))
    expect(await adj(0)).to.equal(Math.max(own, 0))
    expect(await adj(600)).to.equal(Math.max(own, 600))
  })
})

describe('the launcher', function () {
  this.timeout(30_000)

  it('L37: does nothing at all when it is set-user-ID', function () {
    if (!isRoot) {
      console.log('      skipped: needs root, to make a program of another user')
      this.skip()
    }
    const directory = mkdtempSync(join(tmpdir(), 'caisson-setuid-'))
    const copy = join(directory, 'launcher')
    try {
      chmodSync(directory, 0o755)
      copyFileSync(program, copy)
      chmodSync(copy, 0o4755)
      const run = (uid: number) => spawnSync(copy, [], { uid, gid: uid }).status
      expect(run(54_321)).to.equal(111)
      // without the bit, or for its own user, it only finds that nobody it knows has started it
      expect(run(0)).to.equal(110)
      chmodSync(copy, 0o755)
      expect(run(54_321)).to.equal(110)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
