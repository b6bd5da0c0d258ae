import type {
  Command,
  ContainerRequest,
  ContainerSpec,
  LauncherIdentity,
  RootLease,
} from '@caisson/core'
import { defaultIsolation } from '@caisson/core'
import type { PlanHost } from '@caisson/isolation-kit'

export const rootIdentity: LauncherIdentity = Object.freeze({
  mode: 'root',
  rootUid: 1_000_000,
  rootGid: 1_000_000,
  idCount: 65536,
  setgroups: true,
  landlock: 7,
  degraded: [],
})

export const singleIdentity: LauncherIdentity = Object.freeze({
  mode: 'single',
  rootUid: 0,
  rootGid: 0,
  idCount: 1,
  setgroups: false,
  landlock: 7,
  degraded: ['one user and one group id only'],
})

/** What a bind is that says no more. */
export const plainBind = Object.freeze({
  exec: true,
  symlinks: true,
  owner: 'container',
} as const)

/** A host of our choice, so that plans are the same on every machine. */
export const host: PlanHost = Object.freeze({
  arch: 'x64',
  cpus: 2,
  identify: () => undefined,
  program: (name: string) => `/usr/bin/${name}`,
  hardLimits: new Map(),
  isDirectory: (path: string) => {
    if (path.startsWith('/missing')) return undefined
    return !path.endsWith('.conf')
  },
})

export const lease: RootLease = Object.freeze({
  key: 'test:1',
  parts: [
    { at: '/', lowers: [] },
    { at: '/usr', lowers: ['/usr'] },
    { at: '/etc', lowers: ['/srv/etc', '/etc'] },
  ],
  extras: [
    { kind: 'symlink', path: '/bin', target: 'usr/bin' },
    { kind: 'directory', path: '/root', mode: 0o700 },
  ],
  masked: ['/etc/shadow'],
  copyOnWrite: true,
  release: () => Promise.resolve(),
} satisfies RootLease)

export function makeSpec(more: Partial<ContainerSpec> = {}): ContainerSpec {
  const spec = {
    name: undefined,
    labels: {},
    from: 'test:',
    readonlyRoot: false,
    hostname: '',
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
    upperBytes: 1 << 30,
    upperInodes: 1 << 18,
    limits: {},
    ...more,
  } as const
  return { key: JSON.stringify(spec), ...spec }
}

export function makeRequest(more: Partial<ContainerSpec> = {}): ContainerRequest {
  return { id: '0123456789abcdef', spec: makeSpec(more), root: lease, amendments: [] }
}

export function makeCommand(more: Partial<Command> = {}): Command {
  return {
    argv: ['true'],
    env: ['PATH=/usr/bin'],
    cwd: '/',
    user: '0',
    groups: [],
    stdin: { kind: 'null' },
    stdout: 'capture',
    stderr: 'capture',
    maxOutputBytes: 1 << 20,
    amendments: [],
    reportStart: false,
    ...more,
  }
}
