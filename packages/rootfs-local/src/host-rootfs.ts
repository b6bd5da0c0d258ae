import {
  DATA_DIR,
  defineDriver,
  invalidArgument,
  settledPath,
  STATE_DIR,
  type Driver,
  type Probe,
} from '@caisson/core'
import { optional } from '@caisson/core/di'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { hostMode, readHostFacts } from './host-facts.js'
import { HostRoot } from './host-root.js'
import { computeHostView, type HostViewOptions } from './host-view.js'
import { isWithin } from './mount-info.js'
import { rootfsError, throwIfAborted } from './rootfs-error.js'

/** What `hostRootfs` takes. */
export interface HostRootfsOptions {
  /**
   * Further directories of the host to show copy-on-write, e.g. `['/srv/data']`. Absolute. Default none. What lies in the
   * engine's state or data directory is ERR_INVALID_SPEC; where one of these holds them, they are hidden.
   */
  readonly include?: readonly string[]
  /** Further paths to hide, e.g. `['/opt/secrets']`. Absolute. Default none; the built-in list always holds. */
  readonly mask?: readonly string[]
}

/** The container has its own; daemons' sockets are in /run. */
const NEVER_SHOWN: readonly string[] = ['/proc', '/sys', '/dev', '/run', '/var/run']

function checkPaths(paths: readonly string[], option: string): readonly string[] {
  paths.forEach((path, index) => {
    const field = `${option}[${index}]`
    if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
      throw invalidArgument({ field, why: 'must be an absolute path' })
    }
    if (posix.normalize(path) !== path || path === '/' || path.endsWith('/')) {
      throw invalidArgument({ field, why: `'${path}' must be normalised and not /` })
    }
    if (option === 'include' && NEVER_SHOWN.some((never) => isWithin(path, never))) {
      throw invalidArgument({ field, why: `'${path}' is never shown to a container` })
    }
  })
  return Object.freeze([...paths])
}

/** What the engine keeps for itself is hidden, too; and cannot be asked for. */
function hiding(
  options: HostViewOptions,
  own: { readonly stateDir: string | undefined; readonly dataDir: string | undefined },
): HostViewOptions {
  const hidden = [...options.mask]
  for (const [name, given] of Object.entries(own)) {
    if (given === undefined) continue
    const path = settledPath(given)
    options.include.forEach((shown, index) => {
      if (!isWithin(settledPath(shown), path)) return
      const why = `'${shown}' lies in the engine's own directory (${given}), which no container is shown`
      const fix = `Leave it out, or pass another \`${name}\`.`
      throw invalidArgument({ field: `include[${index}]`, why, fix })
    })
    hidden.push(path)
  }
  return { ...options, mask: hidden }
}

async function probe(options: HostViewOptions): Promise<Probe> {
  const mode = hostMode()
  const facts = readHostFacts(readFileSync('/proc/self/mountinfo', 'utf8'), mode)
  const view = computeHostView(facts, options)
  const blocked = view.split.includes('/etc')
  const lost = view.split.map((path) => `files directly in ${path}: mounts lie below it`)
  const ids = 'files of other owners cannot be changed, even in the copy'
  return {
    ok: !blocked,
    missing: blocked
      ? [{ what: '/etc without mounts in it', fix: 'run as root, or use busybox: or dir:' }]
      : [],
    degraded: mode === 'user' ? [ids, ...lost] : lost,
    facts: { mode, parts: view.parts.map((part) => part.at).join(' ') },
  }
}

/**
 * `from: 'host:'`: a copy-on-write view of the system this process runs on: its programs, libraries and settings, without
 * its users' files, secrets, sockets and other containers. Nothing on the host is ever written. A convenience for
 * development, not a boundary for secrets: what any user of the host may read, the container may read. When the host's
 * packages change under a running container, what it sees is undefined.
 *
 * Throws TypeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_ROOTFS_INVALID when the reference is not empty,
 * or when mounts below /etc keep a user namespace from looking at it.
 */
export function hostRootfs(options: HostRootfsOptions = {}): Driver<'rootfs', never, never> {
  const checked: HostViewOptions = {
    include: checkPaths(options.include ?? [], 'include'),
    mask: checkPaths(options.mask ?? [], 'mask'),
  }
  return defineDriver({
    kind: 'rootfs',
    name: 'host',
    apiVersion: 1,
    schemes: ['host'],
    inject: { stateDir: optional(STATE_DIR), dataDir: optional(DATA_DIR) },
    probe: () => probe(checked),
    create: ({ stateDir, dataDir }) => {
      const root = new HostRoot(hiding(checked, { stateDir, dataDir }))
      return {
        schemes: ['host'],
        // async: what is wrong with a reference rejects, it is not thrown
        async lend(request) {
          throwIfAborted(request.signal, 'host:')
          if (request.reference !== '' && request.reference !== '/') {
            const why = 'nothing can follow the scheme'
            const fix = 'Write `host:`; show more with hostRootfs({ include }).'
            throw rootfsError('ERR_ROOTFS_INVALID', `host:${request.reference}`, why, fix)
          }
          return root.lend()
        },
      }
    },
  })
}
