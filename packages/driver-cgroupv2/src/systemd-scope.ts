import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  childGroups,
  limitError,
  readHierarchies,
  readIfThere,
  writeKernelFile,
  type Hierarchy,
} from '@caisson/cgroup-kit'
import { CaissonError, type Missing } from '@caisson/core'
import { DRIVER } from './driver-name.js'
import { checkRoot, type Place, type PlaceSource } from './place.js'

const run = promisify(execFile)
/** What one call may take: systemd starts a job for it. */
const CALL_MS = 15_000
const LOOK_MS = 5
/** Group of the process that holds the scope: it would vanish, counters and all, with the last process in it. */
const SUPERVISOR = 'sup'

let scopes = 0

/** Which manager: that of the host for root, that of the user for others. */
function manager(): '--system' | '--user' {
  return process.getuid?.() === 0 ? '--system' : '--user'
}

function runtimeDirectory(): string {
  return process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`
}

function busOf(which: '--system' | '--user'): string {
  return which === '--system' ? '/run/dbus/system_bus_socket' : join(runtimeDirectory(), 'bus')
}

/** Directory that both groups are in. */
function common(a: string, b: string): string {
  let above = a
  while (above !== '/' && b !== above && !b.startsWith(`${above}/`)) above = dirname(above)
  return above
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket()
  } catch {
    return false
  }
}

function v2(): Hierarchy | undefined {
  return readHierarchies().find(({ version }) => version === 2)
}

/** Where scopes come to be, for what `probe` says of controllers: nothing is made for that. */
export function scopePlace(): Place {
  const hierarchy = v2()
  const missing = whyNoScope()
  const uid = process.getuid?.() ?? 0
  const users = `user.slice/user-${uid}.slice/user@${uid}.service`
  const mount = hierarchy?.mount ?? ''
  return {
    root: missing.length > 0 ? undefined : uid === 0 ? mount : join(mount, users),
    adopt: false,
    missing,
    nsdelegate: hierarchy?.nsdelegate ?? false,
  }
}

/** Slices that managers make scopes in, unless they are told otherwise. */
const SLICES = ['', 'app.slice', 'system.slice']

/** Scopes of ours, of this process and of others: one vanishes with its last process, which may be of a detached container. */
function ownScopes(): readonly string[] {
  const { root } = scopePlace()
  if (root === undefined) return []
  return SLICES.flatMap((slice) =>
    childGroups(join(root, slice))
      .filter((name) => /^caisson-.*\.scope$/.test(name))
      .map((name) => join(root, slice, name)),
  )
}

/** Why systemd cannot be asked for a scope here. */
export function whyNoScope(): readonly Missing[] {
  if (v2() === undefined)
    return [
      {
        what: 'control groups of version 2 are not mounted',
        fix: 'Boot with systemd.unified_cgroup_hierarchy=1.',
      },
    ]
  if (!existsSync('/run/systemd/system'))
    return [
      {
        what: 'systemd, to make a scope: it does not manage this host',
        fix: 'Leave out `systemd`: cgroupV2() finds a group by itself.',
      },
    ]
  const which = manager()
  if (!isSocket(busOf(which)))
    return [
      {
        what: `the ${which === '--user' ? 'user' : 'system'} bus: ${busOf(which)} is not there`,
        fix:
          which === '--user'
            ? 'As root: apt-get install dbus-user-session; loginctl enable-linger <this user>. Without a login, set XDG_RUNTIME_DIR=/run/user/<uid>.'
            : 'apt-get install dbus',
      },
    ]
  return []
}

async function startUnit(name: string, pid: number): Promise<void> {
  // name, signature and value of each; CollectMode: gone with its last process, also when that was killed
  const properties = [
    ['Description', 's', 'Caisson containers'],
    ['PIDs', 'au', '1', String(pid)],
    ['Delegate', 'b', 'true'],
    ['CollectMode', 's', 'inactive-or-failed'],
  ].flat()
  const call = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1']
  const method = ['org.freedesktop.systemd1.Manager', 'StartTransientUnit', 'ssa(sv)a(sa(sv))']
  const args = [manager(), 'call', ...call, ...method, name, 'fail', '4', ...properties, '0']
  try {
    await run('busctl', args, {
      timeout: CALL_MS,
      env: { ...process.env, XDG_RUNTIME_DIR: runtimeDirectory() },
    })
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as execFile rejects
    const { stderr = '', code } = error as { readonly stderr?: string; readonly code?: unknown }
    const absent = code === 'ENOENT'
    throw new CaissonError({
      code: 'ERR_LIMIT_DELEGATION',
      what: 'systemd scope',
      subject: name,
      why: absent ? 'busctl is not installed' : `StartTransientUnit: ${stderr.trim()}`,
      fix: absent ? 'apt-get install systemd' : `Look at: systemctl ${manager()} status`,
      driver: DRIVER,
      cause: error,
    })
  }
}

/** The job that systemd started has moved it when its group says so. */
async function waitMoved(pid: number, name: string, mount: string): Promise<string> {
  const until = performance.now() + CALL_MS
  while (performance.now() < until) {
    const line = /^0::(.*)$/m.exec(readIfThere(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? ''
    if (line.endsWith(`/${name}`)) return join(mount, line)
    await delay(LOOK_MS)
  }
  throw new CaissonError({
    code: 'ERR_LIMIT_DELEGATION',
    what: 'systemd scope',
    subject: name,
    why: `process ${pid} was not moved into it within ${CALL_MS} ms; systemd has to see the same processes (pid namespace)`,
    driver: DRIVER,
    retryable: true,
  })
}

/** Ends when we do: its input does. */
function startHolder(): { readonly child: ChildProcess; readonly pid: number } {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  // a process that is gone cannot be written to, which is all there is to say
  child.stdin?.on('error', () => {})
  if (child.pid !== undefined) return { child, pid: child.pid }
  throw new CaissonError({
    code: 'ERR_LIMIT_DELEGATION',
    what: 'systemd scope',
    why: 'the program `cat` cannot be started',
    driver: DRIVER,
  })
}

function supervise(scope: string, pid: number): void {
  const file = join(scope, SUPERVISOR, 'cgroup.procs')
  try {
    mkdirSync(join(scope, SUPERVISOR))
    writeKernelFile(file, String(pid))
  } catch (error) {
    throw limitError({ driver: DRIVER, file, value: String(pid), error })
  }
}

/** Processes are born from ours into the scope: for that it takes the right to write where both are. */
function checkReach(scope: string, own: string): void {
  const above = common(scope, own)
  try {
    accessSync(join(above, 'cgroup.procs'), constants.W_OK)
  } catch (error) {
    throw new CaissonError({
      code: 'ERR_LIMIT_DELEGATION',
      what: 'systemd scope',
      subject: above,
      why: `this process is in ${own}, outside what is delegated to this user, and may start nothing in ${scope}`,
      fix: `Start this program by the user's manager: systemd-run --user --scope ${process.argv0} ...`,
      driver: DRIVER,
      cause: error,
    })
  }
}

/**
 * A scope that systemd made and delegated, with a process of ours that holds it until this process ends.
 * @throws CaissonError ERR_LIMIT_DELEGATION
 */
export async function openScope(): Promise<Place> {
  const hierarchy = v2()
  const missing = whyNoScope()
  if (missing.length > 0 || hierarchy === undefined)
    return { root: undefined, adopt: false, nsdelegate: false, missing }
  const name = `caisson-${process.pid}-${Date.now().toString(36)}-${scopes++}.scope`
  const { child, pid } = startHolder()
  const release = (): void => void child.stdin?.end()
  // it must not keep Node alive
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function')
    child.stdin.unref()
  try {
    await startUnit(name, pid)
    const scope = await waitMoved(pid, name, hierarchy.mount)
    checkReach(scope, hierarchy.own)
    supervise(scope, pid)
    return { ...checkRoot(scope, false, hierarchy.nsdelegate), release }
  } catch (error) {
    release()
    throw error
  }
}

/** A scope that is asked for when there is a use for it. */
export const systemdPlace: PlaceSource = { open: openScope, left: ownScopes }
