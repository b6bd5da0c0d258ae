import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../architecture/checkout.js'
import { machineInit } from './machine-init.js'

const LINUX = '/usr/bin/linux.uml'
/** What has ended by itself and what was killed for its time. */
const TIME_OUT = 124
const FAILED = 125

/** How a command is run in a machine of its own. */
export interface MachineOptions {
  /** Default: this process's. */
  readonly cwd?: string
  /** All of the environment; PATH has a default. */
  readonly env?: Readonly<Record<string, string>>
  /** Run as this user. Default: the machine's root. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Whether the user may make control groups below its own. Default false. */
  readonly delegate?: boolean
  /** Directories of the host that the machine may write, at the same path. */
  readonly share?: readonly string[]
  /** Size of an ext4 disk at /mnt, e.g. `1G`: the only file system in there that takes id-mapped mounts. Default none. */
  readonly disk?: string
  /** Default `1500M`; taken from the host only as far as it is used. */
  readonly memory?: string
  /** Boot included. Default 300 s; the exit code is 124 then. */
  readonly timeoutMs?: number
  /** Mount options of the cgroup2 tree. */
  readonly cgroupOptions?: string
  readonly stdout?: (chunk: Buffer) => void
  readonly stderr?: (chunk: Buffer) => void
}

/** What came of it. */
export interface MachineResult {
  /** The command's, 128 and its signal's number; 124: time-out; 125: the machine failed, and `log` says how. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** The kernel's log. */
  readonly log: string
}

/** Why no machine can be had here, with what mends it; undefined: one can. */
export function whyNoMachine(): string | undefined {
  if (!existsSync(LINUX))
    return 'needs User Mode Linux (Debian, Ubuntu: apt-get install user-mode-linux)'
  const probe = spawnSync('unshare', [...namespaces(), 'true'], { encoding: 'utf8' })
  if (probe.status === 0) return undefined
  return `needs namespaces of its own: ${probe.stderr.trim()}${probe.error?.message ?? ''}`
}

function namespaces(): string[] {
  const own = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child']
  return process.getuid?.() === 0 ? own : ['--user', '--map-root-user', ...own]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function scriptOf(argv: readonly string[], options: MachineOptions): string {
  const { env = {}, cwd = process.cwd() } = options
  return [
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    `cd ${quote(cwd)} || exit 126`,
    `exec ${argv.map(quote).join(' ')}`,
    '',
  ].join('\n')
}

function settingsOf(options: MachineOptions): string {
  const { user, share = [], cwd = process.cwd() } = options
  const lines = [`cwd=${cwd}`, ...share.map((path) => `share=${realpathSync(path)}`)]
  if (user !== undefined) lines.push(`user=${user.uid}:${user.gid}`)
  if (options.delegate === true) lines.push('delegate=1')
  if (options.disk !== undefined) lines.push('disk=1')
  if (options.cgroupOptions !== undefined) lines.push(`cgroup-options=${options.cgroupOptions}`)
  return `${lines.join('\n')}\n`
}

/** Sparse: it takes what is written. */
function makeDisk(path: string, size: string): void {
  writeFileSync(path, '')
  const bytes = Number.parseInt(size, 10) * (size.endsWith('G') ? 2 ** 30 : 2 ** 20)
  truncateSync(path, bytes)
  const lazy = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'
  const done = spawnSync('mkfs.ext4', ['-q', '-F', '-E', lazy, path], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  })
  if (done.status !== 0) throw new Error(`mkfs.ext4: ${done.stderr}${done.error?.message ?? ''}`)
}

function kernelArguments(work: string, { memory = '1500M', disk }: MachineOptions): string[] {
  const machine = [`mem=${memory}`, 'rootfstype=hostfs', 'ro', 'quiet', 'noreboot', 'panic=-1']
  const modules = ['selinux=0', 'apparmor=0', 'audit=0']
  // consoles 1 and 2 are the command's output; no other takes anything
  const consoles = ['con=null', 'con0=null,fd:3', 'con1=null,fd:1', 'con2=null,fd:2', 'ssl=null']
  const own = [`uml_dir=${work}/uml`, 'umid=vm', `init=${work}/init`, `TEST_WORK=${work}`]
  return [
    ...machine,
    ...modules,
    ...own,
    ...consoles,
    ...(disk === undefined ? [] : [`ubd0=${work}/disk`]),
  ]
}

function prepare(argv: readonly string[], options: MachineOptions): string {
  const work = mkdtempSync(join(tmpdir(), 'caisson-vm-'))
  chmodSync(work, 0o755)
  copyFileSync(machineInit(), join(work, 'init'))
  chmodSync(join(work, 'init'), 0o755)
  writeFileSync(join(work, 'command.sh'), scriptOf(argv, options))
  writeFileSync(join(work, 'settings'), settingsOf(options))
  if (options.disk !== undefined) makeDisk(join(work, 'disk'), options.disk)
  return work
}

function start(work: string, options: MachineOptions): ChildProcess {
  const engine = join(checkout, 'test/vm/engine.sh')
  const writable = [work, ...(options.share ?? []).map((path) => realpathSync(path))]
  const linux = [LINUX, ...kernelArguments(work, options)]
  const log = openSync(join(work, 'log'), 'a')
  try {
    return spawn('unshare', [...namespaces(), 'sh', engine, ...writable, '--', ...linux], {
      // the fifth: nothing is ever written, and it ends with us
      stdio: ['ignore', 'pipe', 'pipe', log, 'pipe'],
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: work, TMPDIR: '/dev/shm' },
      detached: true,
    })
  } finally {
    closeSync(log)
  }
}

function collect(stream: ChildProcess['stdout'], tell?: (chunk: Buffer) => void): Buffer[] {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    tell?.(chunk)
  })
  return chunks
}

async function finished(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL') // its child, pid 1 of the namespaces, goes with it
  }, timeoutMs)
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => resolve())
    })
  } finally {
    clearTimeout(timer)
  }
  return !late
}

function codeOf(work: string): number | undefined {
  const path = join(work, 'code')
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined
}

/**
 * Runs a command, without input, on a kernel of its own: User Mode Linux with cgroup v2 and all its controllers. It sees the
 * host's files with a layer over them that takes writes and is thrown away; /tmp, /run and /dev are its own.
 *
 * The host risks nothing: only `share` and a private directory can be written by the machine, which needs no privilege, and
 * no process of it outlives this one.
 */
export async function runInMachine(
  argv: readonly string[],
  options: MachineOptions = {},
): Promise<MachineResult> {
  const work = prepare(argv, options)
  try {
    const child = start(work, options)
    const [stdout, stderr] = [
      collect(child.stdout, options.stdout),
      collect(child.stderr, options.stderr),
    ]
    const intime = await finished(child, options.timeoutMs ?? 300_000)
    return {
      code: codeOf(work) ?? (intime ? FAILED : TIME_OUT),
      stdout: Buffer.concat(stdout),
      stderr: Buffer.concat(stderr),
      log: readFileSync(join(work, 'log'), 'latin1'),
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
