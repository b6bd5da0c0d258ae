import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chroot, createEngine, dirRootfs, pivotRoot } from 'caisson'
import { execa } from 'execa'
import { startRunner } from './c-runner.mjs'
import { makeBundle } from './oci-bundle.mjs'

const isRoot = process.getuid() === 0
const places = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin', '/bin', '/sbin']

function find(program) {
  const path = places
    .map((place) => join(place, program))
    .find((candidate) => existsSync(candidate))
  if (path === undefined) throw new Error('not installed')
  return path
}

// Runners of one runtime may run at the same time
let names = 0
const containerName = () => `caisson-bench-${process.pid}-${names++}`

function timed(work) {
  return async () => {
    const from = performance.now()
    await work()
    return (performance.now() - from) * 1000
  }
}

// Isolation by both drivers; what `run` waits for is the result with its output.
async function caisson(workplace, isolation) {
  const engine = await createEngine({ isolation, rootfs: [dirRootfs()] })
  const options = { from: `dir:${workplace.root}` }
  const runOnce = timed(async () => {
    const result = await engine.run(['/true'], options)
    if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}`)
  })
  return { once: runOnce, stop: () => engine[Symbol.asyncDispose]() }
}

async function childProcess(workplace) {
  const spawnOnce = timed(async () => {
    const child = spawn(workplace.command, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.resume()
    child.stderr.resume()
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`exit code ${code}`)
  })
  return { once: spawnOnce, stop: async () => {} }
}

async function byExeca(workplace) {
  return { once: timed(() => execa(workplace.command)), stop: async () => {} }
}

const byC = (workplace, ...argv) => startRunner(workplace.limit, ['exec', ...argv])

function bwrap(workplace) {
  const args = [
    '--unshare-all',
    '--ro-bind',
    workplace.root,
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
  ]
  return byC(workplace, find('bwrap'), ...args, '--tmpfs', '/tmp', '/true')
}

function unshare(workplace) {
  const args = [
    '--mount',
    '--pid',
    '--fork',
    '--ipc',
    '--uts',
    ...(isRoot ? [] : ['--map-root-user']),
  ]
  return byC(workplace, find('unshare'), ...args, '--root', workplace.root, '/true')
}

// crun refuses a hybrid hierarchy even when told to leave control groups alone, so it runs in a mount namespace of its
// own in which the second one is not mounted. The host's stays where it is.
function crun(workplace) {
  if (!isRoot) throw new Error('needs root here')
  const argv = [find('crun'), '--cgroup-manager=disabled', `--root=${workplace.path}/crun`]
  const bundle = makeBundle(workplace, find('crun'))
  const script = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"'
  const run = [...argv, 'run', '--bundle', bundle, containerName()]
  const inside = ['sh', '-c', script, 'sh', workplace.limit, 'exec', ...run]
  return startRunner(find('unshare'), ['--mount', ...inside])
}

function runc(workplace) {
  if (!isRoot) throw new Error('needs root here')
  const bundle = makeBundle(workplace, find('runc'))
  const argv = [find('runc'), `--root=${workplace.path}/runc`]
  return byC(workplace, ...argv, 'run', '--bundle', bundle, containerName())
}

/**
 * The rows: `from` says who starts it and where the clock stands. Rows from C hold none of Node's own cost, so that the
 * comparison favours them. `prepare` throws when the row cannot be had here.
 */
export const variants = [
  { name: 'engine.run', from: 'Node', prepare: (w) => caisson(w, pivotRoot()) },
  { name: 'engine.run (chroot)', from: 'Node', prepare: (w) => caisson(w, chroot()) },
  { name: 'child_process.spawn, bare', from: 'Node', prepare: childProcess },
  { name: 'execa, bare', from: 'Node', prepare: byExeca },
  { name: 'vfork + exec, bare', from: 'C', prepare: async (w) => byC(w, w.command) },
  {
    name: 'the same container in C',
    from: 'C',
    prepare: (w) => startRunner(w.limit, ['container', w.root, w.seccomp]),
  },
  { name: 'unshare + chroot', from: 'C', prepare: async (w) => unshare(w) },
  { name: 'bwrap --unshare-all', from: 'C', prepare: async (w) => bwrap(w) },
  { name: 'crun run', from: 'C', prepare: async (w) => crun(w) },
  { name: 'runc run', from: 'C', prepare: async (w) => runc(w) },
]
