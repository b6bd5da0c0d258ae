import { setImmediate as tick } from 'node:timers/promises'
import {
  CaissonError,
  defineDriver,
  type Command,
  type ContainerNotice,
  type ContainerRequest,
  type Driver,
  type EndReason,
  type FileAccess,
  type FileStatus,
  type IsolatedContainer,
  type LimitKey,
  type LimitRequest,
  type ProcessEnd,
  type RootRequest,
} from '@caisson/core'
import { deferred, FakeProcess, type FakeProgram } from './fake-process.js'

export type Programs = Readonly<Record<string, (program: FakeProgram) => unknown>>

/** Programs that every fake root has. */
const programs: Programs = {
  true: (p) => p.exit(0),
  false: (p) => p.exit(1),
  echo: async (p) => {
    await p.out(`${p.command.argv.slice(1).join(' ')}\n`)
    p.exit(0)
  },
  warn: async (p) => {
    await p.err('careful\n')
    p.exit(3)
  },
  hang: () => {},
  '/bin/sh': async (p) => {
    await p.out(p.command.argv[2] ?? '')
    p.exit(0)
  },
  cat: async (p) => {
    const { stdin } = p.command
    if (stdin.kind === 'bytes') await p.out(stdin.bytes)
    if (p.stdin !== undefined) for await (const chunk of p.stdin) await p.out(chunk as Uint8Array)
    p.exit(0)
  },
}

function fakeFiles(exists: (path: string) => boolean): FileAccess {
  const times = { atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n }
  const stat = async (path: Uint8Array): Promise<FileStatus> => {
    if (exists(Buffer.from(path).toString()))
      return { mode: 0o100644, uid: 0, gid: 0, links: 1, size: 0, ino: 1n, dev: 1n, ...times }
    throw new CaissonError({ code: 'ERR_FILE_NOT_FOUND', what: 'stat', why: 'it is not there' })
  }
  // whoever asks whether a file is there asks for nothing else
  return { stat } as unknown as FileAccess
}

/** What happened in a set of fakes. */
export class FakeWorld {
  readonly log: string[] = []
  readonly requests: ContainerRequest[] = []
  readonly commands: Command[] = []
  readonly processes: FakeProcess[] = []
  readonly roots: RootRequest[] = []
  readonly limits: LimitRequest[] = []
  held = 0
  programs: Programs = programs
  /** Called before the step of that name is done; may throw or wait. */
  before: (step: string) => unknown = () => undefined
  /** Whether a path is there; undefined: containers cannot tell. */
  exists: ((path: string) => boolean) | undefined
  /** The newest container goes away by itself. */
  vanish: () => void = () => undefined
  /** Says that something was seen in the newest container. */
  notice: (notice: ContainerNotice) => void = () => undefined
  reason: (end: ProcessEnd) => EndReason | undefined = () => undefined

  async step(name: string): Promise<void> {
    this.log.push(name)
    await this.before(name)
  }

  process(command: Command): FakeProcess {
    this.commands.push(command)
    const process = new FakeProcess(command)
    this.processes.push(process)
    const name = command.argv[0] ?? ''
    const program = this.programs[name]
    setImmediate(() => {
      if (program !== undefined) process.start(program)
      else {
        const code = name === 'noexec' ? 'ERR_COMMAND_NOT_EXECUTABLE' : 'ERR_COMMAND_NOT_FOUND'
        const errno = name === 'noexec' ? 'EACCES' : 'ENOENT'
        process.fail(new CaissonError({ code, what: 'exec', subject: name, errno }))
      }
    })
    return process
  }

  rootfs(name = 'fake', schemes: readonly string[] = ['fake']): Driver<'rootfs', never, never> {
    return defineDriver({
      kind: 'rootfs',
      name,
      apiVersion: 1,
      schemes,
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => ({
        schemes,
        lend: async (request) => {
          this.roots.push(request)
          await this.step('lend')
          this.held++
          return {
            key: request.reference,
            parts: [{ at: '/', lowers: ['/nowhere'] }],
            extras: [],
            masked: [],
            copyOnWrite: true,
            release: async () => {
              this.held--
              await this.step('release root')
            },
          }
        },
      }),
    })
  }

  isolation(): Driver<'isolation', never, 'copyOnWrite'> {
    return defineDriver({
      kind: 'isolation',
      name: 'fake-isolation',
      apiVersion: 1,
      features: ['copyOnWrite'],
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: { mode: 'fake' } }),
      create: () => ({
        plan: async (request, command) => ({
          version: 1,
          template: [],
          container: [{ op: 'hostname', name: request.spec.hostname }, { op: 'pivot' }],
          process: [{ op: 'exec', argv: command.argv, env: command.env }],
        }),
        run: (request, command) => {
          this.requests.push(request)
          this.log.push('run')
          return this.process(command)
        },
        create: async (request) => {
          this.requests.push(request)
          await this.step('create')
          this.held++
          return this.container()
        },
      }),
    })
  }

  container(): IsolatedContainer & { vanish(): void } {
    const gone = deferred()
    const running: FakeProcess[] = []
    let removed = false
    const kill = async (): Promise<void> => {
      for (const process of running) process.signal('SIGKILL')
      await tick()
      gone.resolve()
    }
    const { exists } = this
    this.vanish = (): void => gone.resolve()
    return {
      ...(exists === undefined ? {} : { files: () => fakeFiles(exists) }),
      pid: 4242,
      gone: gone.promise,
      vanish: () => gone.resolve(),
      exec: (command) => {
        const process = this.process(command)
        running.push(process)
        return process
      },
      async *changes() {
        yield { path: '/new', kind: 'added', type: 'file', size: 3 }
      },
      stop: async () => {
        await this.step('stop')
        await kill()
      },
      remove: async () => {
        await this.step('remove')
        await kill()
        if (!removed) this.held--
        removed = true
      },
    }
  }

  limiter<const L extends LimitKey>(
    name: string,
    limits: readonly L[],
  ): Driver<'limiter', L, never> {
    return defineDriver({
      kind: 'limiter',
      name,
      apiVersion: 1,
      limits,
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => ({ acquire: async (request) => this.lease(name, request) }),
    })
  }

  freezer(): Driver<'limiter', 'pids', 'freeze' | 'watch'> {
    return defineDriver({
      kind: 'limiter',
      name: 'freezer',
      apiVersion: 1,
      limits: ['pids'],
      features: ['freeze', 'watch'],
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => ({
        acquire: async (request) => ({
          ...(await this.lease('freezer', request)),
          freeze: (on) => this.step(on ? 'freeze' : 'thaw'),
          attach: (pid) => this.step(`attach ${pid}`),
          watch: (tell) => {
            this.notice = tell
          },
        }),
      }),
    })
  }

  async lease(name: string, request: LimitRequest) {
    this.limits.push(request)
    await this.step(`acquire ${name}`)
    this.held++
    return {
      enforced: Object.keys(request.limits) as LimitKey[],
      amendment: { process: [] },
      reason: (end: ProcessEnd) => this.reason(end),
      release: async (): Promise<void> => {
        this.held--
        await this.step(`release ${name}`)
      },
    }
  }
}
