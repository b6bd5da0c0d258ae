import {
  chmodSync,
  copyFileSync,
  existsSync,
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
import { syscallTable } from '@caisson/seccomp'
import { createEngine, type ExecResult, type RlimitKey, type Spec } from 'caisson'
import { checkout } from '../architecture/checkout.js'
import { processesWith } from '../e2e/processes-with.js'
import { waitUntil } from '../e2e/wait-until.js'
import { buildProgram } from './build-program.js'

const names = syscallTable('x86_64').nameOf
const open = (stateDir: string) => createEngine({ stateDir, from: 'busybox:' })
const namespaces = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'] as const

/** Which call fails, and how. */
export interface Fault {
  /** Every call of that name; or else the `k`-th of all, counted until a command is executed. 0: none. */
  readonly call: string | number
  readonly errno: number
}

/** What was started. */
export type Scenario = 'one command' | 'a container that stays'

/** What came of a start under a fault. */
export interface Observation {
  /** What the command saw of its container, if it ran at all. */
  readonly seen: string | undefined
  readonly error: unknown
  /** How the command is told to have ended without having run: that it could not be executed, or was killed. */
  readonly refused: boolean
  /** What is said to be weaker than it could be. */
  readonly degraded: readonly string[]
  /** Calls counted, `<process> <name>`; those that failed end in an asterisk. */
  readonly calls: readonly string[]
  /** What is still there afterwards: processes, mounts, files. */
  readonly left: readonly string[]
}

type Told = Pick<Observation, 'error' | 'refused' | 'degraded'>

// What a command can see of the protections around it; numbers that differ from one container to the next are left out.
const look = `
exec > /out/part 2>&1
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|SigIgn|SigBlk|Umask)' /proc/self/status
cut -d' ' -f5- /proc/self/mountinfo
awk '{ print $1, $3 }' /proc/self/uid_map /proc/self/gid_map
cat /proc/self/limits /proc/self/oom_score_adj
for n in ${namespaces.join(' ')}; do readlink /proc/self/ns/$n; done
for f in /proc/self/fd/*; do [ -p $f ] || [ -e $f ] && echo \${f##*/}; done
ls /dev
tail -n +3 /proc/net/dev | cut -d: -f1
cat /proc/sys/kernel/hostname | wc -c
pwd
mv /out/part /out/seen
`

function withoutNumbers(text: string): string {
  const own = new Map(namespaces.map((name) => [name, readlinkSync(`/proc/self/ns/${name}`)]))
  return text
    .split('\n')
    .map((line) => {
      const namespace = /^(\w+):\[\d+\]$/.exec(line)
      if (namespace) {
        const isHost = [...own.values()].includes(line)
        return `${namespace[1]} ${isHost ? 'of the host' : 'of its own'}`
      }
      // what a mount is of: paths and sizes of the host's, of which only read-only or not is a protection
      const mount = /^(\/\S*) (\S+) .*- (\S+) \S+ (r[ow])/.exec(line)
      return mount ? mount.slice(1).join(' ') : line
    })
    .join('\n')
}

function describeProcess(pid: string): string {
  try {
    const state = /^State:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return `${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}(${state})`
  } catch {
    return 'it ended meanwhile'
  }
}

/** A place in which starts are made with faults. */
export class FaultBench implements Disposable {
  readonly #place = mkdtempSync(join(tmpdir(), 'caisson-faults-'))
  readonly #out = join(this.#place, 'out')
  readonly #state = join(this.#place, 'state')
  readonly #launcher =
    process.env['CAISSON_LAUNCHER'] ?? join(checkout, 'packages/launcher/build/caisson-launcher')
  readonly #override = process.env['CAISSON_LAUNCHER']
  readonly #spec: Omit<Spec<RlimitKey>, 'signal'>

  private constructor(injector: string, spec: Omit<Spec<RlimitKey>, 'signal'>) {
    chmodSync(this.#place, 0o755)
    mkdirSync(this.#out, { mode: 0o777 })
    chmodSync(this.#out, 0o777)
    copyFileSync(injector, join(this.#place, 'launcher'))
    chmodSync(join(this.#place, 'launcher'), 0o755)
    this.#spec = {
      ...spec,
      mounts: [{ kind: 'bind', from: this.#out, to: '/out', readonly: false }],
    }
  }

  /** Undefined, and why, where it cannot be. */
  static make(spec: Omit<Spec<RlimitKey>, 'signal'> = {}): FaultBench | string {
    if (process.arch !== 'x64') return 'the injector knows the registers of x86_64 alone'
    const injector = buildProgram('fault-injector', 'test/security/fault-injector')
    if (injector === undefined) {
      return 'no compiler that links statically (apt-get install gcc libc6-dev)'
    }
    return new FaultBench(injector, spec)
  }

  async #start(scenario: Scenario, engine: Awaited<ReturnType<typeof open>>): Promise<Told> {
    const argv = ['sh', '-c', look, this.#place] as const
    const told = ({ exitCode, signal, degraded }: ExecResult): Told => ({
      error: undefined,
      refused: exitCode === 126 || exitCode === 127 || signal !== null,
      degraded: [...degraded, ...engine.picked.isolation.degraded],
    })
    if (scenario === 'one command')
      return told(await engine.run([...argv], { ...this.#spec, timeout: '20s' }))
    await using container = await engine.create(this.#spec)
    return told(await container.exec('sh', argv.slice(1), { timeout: '20s' }))
  }

  async #attempt(scenario: Scenario): Promise<Told> {
    process.env['CAISSON_LAUNCHER'] = join(this.#place, 'launcher')
    try {
      await using engine = await open(this.#state)
      return await this.#start(scenario, engine)
    } catch (error) {
      return { error, refused: false, degraded: [] }
    } finally {
      if (this.#override === undefined) delete process.env['CAISSON_LAUNCHER']
      else process.env['CAISSON_LAUNCHER'] = this.#override
    }
  }

  /** Others than the supervisor, whose last act is the log. */
  #processes(): readonly string[] {
    const supervisor = readFileSync(join(this.#place, 'supervisor'), 'utf8')
    return processesWith(this.#place).filter((pid) => pid !== supervisor)
  }

  async #left(): Promise<readonly string[]> {
    // an attempt may start two launchers, each with a supervisor, and the machine may be busy
    const gone = (): boolean => this.#processes().length === 0
    await waitUntil('they are gone', gone, 5000).catch(() => undefined)
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const files = existsSync(this.#state)
      ? readdirSync(this.#state, { recursive: true, encoding: 'utf8' })
      : []
    return [
      ...this.#processes().map((pid) => `process ${pid}: ${describeProcess(pid)}`),
      ...mounts.filter((line) => line.includes(this.#place)).map((line) => `mount ${line}`),
      ...files.filter((file) => file.includes('/')).map((file) => `file ${file}`),
    ]
  }

  /** Whether the last process of those traced is gone; what still runs after half a minute is ended. */
  async #ended(): Promise<boolean> {
    const done = () => existsSync(join(this.#place, 'log'))
    try {
      await waitUntil('all that was made is gone', done, 30_000)
      return true
    } catch {
      this.#kill()
      return false
    }
  }

  /** With the supervisor all ends that it traces. */
  #kill(): void {
    process.kill(Number(readFileSync(join(this.#place, 'supervisor'), 'utf8')), 'SIGKILL')
  }

  /** Starts something while a call fails. */
  async observe(scenario: Scenario, { call, errno }: Fault): Promise<Observation> {
    const [log, seen] = [join(this.#place, 'log'), join(this.#out, 'seen')]
    for (const path of [log, seen, join(this.#out, 'part')]) rmSync(path, { force: true })
    const number = typeof call === 'number' ? -1 : [...names].find(([, name]) => name === call)?.[0]
    if (number === undefined) throw new Error(`no system call ${call}`)
    const k = typeof call === 'number' ? call : 0
    const plan = `${this.#launcher} ${number} ${k} ${errno} 1\n`
    writeFileSync(join(this.#place, 'plan'), plan)
    let hung = false
    const impatient = setTimeout(() => {
      hung = true
      this.#kill()
    }, 30_000)
    const told = await this.#attempt(scenario)
    clearTimeout(impatient)
    const ended = !hung && (await this.#ended())
    const lines = ended ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []
    return {
      seen: existsSync(seen) ? withoutNumbers(readFileSync(seen, 'utf8')) : undefined,
      ...told,
      calls: lines.map((line) => {
        const [ordinal = '', nr, failed = ''] = line.split(' ')
        return `${ordinal} ${names.get(Number(nr)) ?? nr}${failed}`
      }),
      left: ended
        ? await this.#left()
        : [hung ? 'it stood still' : 'processes, after half a minute'],
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#place, { recursive: true, force: true })
  }
}
