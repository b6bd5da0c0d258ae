import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  defaultIsolation,
  STATE_DIR,
  type Command,
  type ContainerSpec,
  type Driver,
  type IsolationDriver,
  type Probe,
  type RootLease,
} from '@caisson/core'
import { Scope } from '@caisson/core/di'

/** The host's programs, read-only below a fresh root: perl can make any system call. */
const hostUsr: RootLease = {
  key: 'test:usr',
  parts: [
    { at: '/', lowers: [] },
    { at: '/usr', lowers: ['/usr'] },
  ],
  extras: ['bin', 'lib', 'lib64'].map((name) => ({
    kind: 'symlink' as const,
    path: `/${name}`,
    target: `usr/${name}`,
  })),
  masked: [],
  copyOnWrite: true,
  release: () => Promise.resolve(),
}

const spec: ContainerSpec = {
  key: '',
  name: undefined,
  labels: {},
  from: 'test:',
  readonlyRoot: false,
  hostname: 'test',
  init: 'reaper',
  cwd: '/',
  env: {},
  user: '0',
  groups: [],
  mounts: [],
  network: 'none',
  capabilities: undefined,
  seccomp: 'default',
  allowNewPrivileges: false,
  isolation: defaultIsolation,
  upperBytes: 64 << 20,
  upperInodes: 4096,
  limits: {},
}

/** Real containers of a driver, without an engine. */
export class Containers {
  readonly driver: IsolationDriver
  readonly #definition: Driver<'isolation'>
  readonly #scope: Scope
  readonly #stateDir: string

  constructor(driver: Driver<'isolation'>) {
    this.#stateDir = mkdtempSync(join(tmpdir(), 'caisson-driver-'))
    this.#scope = Scope.root().value(STATE_DIR, this.#stateDir)
    this.#definition = driver
    this.driver = driver.create(this.#scope)
  }

  probe(): Promise<Probe> {
    return this.#definition.probe(this.#scope)
  }

  /** What a perl program prints in a container; the test is skipped where the host has no perl. */
  async perl(
    test: Mocha.Context,
    program: string,
    more: Partial<ContainerSpec> = {},
  ): Promise<string> {
    if (!existsSync('/usr/bin/perl')) {
      console.log('      skipped: needs perl on the host (apt-get install perl-base)')
      test.skip()
    }
    const command: Command = {
      argv: ['/usr/bin/perl', '-e', program],
      env: [],
      cwd: '/',
      user: '0',
      groups: [],
      stdin: { kind: 'null' },
      stdout: 'capture',
      stderr: 'capture',
      maxOutputBytes: 1 << 16,
      amendments: [],
      reportStart: false,
    }
    const complete = { ...spec, ...more, key: JSON.stringify(more) }
    const request = { id: 'test', spec: complete, root: hostUsr, amendments: [] }
    const end = await this.driver.run(request, command).ended
    return Buffer.concat([end.stdout, end.stderr]).toString()
  }

  async close(): Promise<void> {
    await this.#scope[Symbol.asyncDispose]()
    rmSync(this.#stateDir, { recursive: true, force: true })
  }
}
