import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fingerprint } from './fingerprint.js'
import { findBusybox } from './kit-root.js'
import type { HostileShape } from './hostile-shapes.js'

/** Paths of a root that a container mounts over, looks up or works in: each may be anything. */
export const hostileTargets: readonly string[] = Object.freeze([
  '/proc',
  '/sys',
  '/dev',
  '/dev/pts',
  '/dev/null',
  '/dev/console',
  '/dev/ptmx',
  '/dev/shm',
  '/dev/mqueue',
  '/etc',
  '/etc/passwd',
  '/etc/resolv.conf',
  '/tmp',
  '/run',
  '/var/run',
  '/work',
  '/volume',
])

const applets = ['cat', 'echo', 'grep', 'ls', 'mkdir', 'rm', 'sh', 'stat', 'touch', 'true', 'chmod']

const places = '/proc /sys /dev /dev/pts /dev/shm /dev/mqueue /etc /tmp /run /var/run /work /volume'

/**
 * What a container does in a hostile root: it looks whether the system is its own, and tries to damage what is not. Each program
 * takes all places at once, and goes on after those that refuse: processes are what this costs.
 */
export const hostileScript = `
  grep -q "^Pid:" /proc/self/status || echo "no process of its own in /proc"
  grep -q " /proc proc " /proc/self/mounts || echo "no procfs at /proc"
  grep -q " /sys sysfs ro" /proc/self/mounts || echo "no read-only sysfs at /sys"
  [ "$(stat -c %t:%T /dev/null)" = 1:3 ] || echo "another /dev/null"
  [ -c /dev/ptmx ] || echo "no /dev/ptmx"
  touch /dev/shm/own || echo "no /dev/shm of its own"
  marks= made= deep=
  for d in ${places}; do marks="$marks $d/mark" made="$made $d/made" deep="$deep $d/deep"; done
  for f in $(grep -ls canary $marks); do echo "the canary in $f"; done
  for d in ${places}; do for f in mark new; do [ -p $d/$f ] || echo x > $d/$f; done; done 2>/dev/null
  { mkdir $made; rm -rf $deep; chmod 0 $marks; } 2>/dev/null
  for f in /dev/console /dev/ptmx /etc/passwd /etc/resolv.conf; do [ -p $f ] || echo x > $f; done 2>/dev/null
  true`

/** A place on the host with hostile roots, and a tree beside them that no container may touch. */
export class HostileRoots {
  readonly #place: string
  readonly #busybox: string
  readonly canary: string
  /** A directory and a file of the host to bind into containers. */
  readonly bound: string
  readonly boundFile: string
  #count = 0

  /** @param parent a directory of the host that is no mount in containers; default: the one for temporary files */
  constructor(parent = tmpdir()) {
    this.#place = mkdtempSync(join(parent, 'caisson-hostile-'))
    this.#busybox = join(this.#place, 'busybox')
    this.canary = join(this.#place, 'canary')
    this.bound = join(this.#place, 'bound')
    this.boundFile = join(this.#place, 'bound-file')
    chmodSync(this.#place, 0o755)
    copyFileSync(findBusybox(), this.#busybox)
    chmodSync(this.#busybox, 0o755)
    mkdirSync(this.bound)
    writeFileSync(join(this.bound, 'given'), 'of the host')
    writeFileSync(this.boundFile, 'nameserver of the host\n')
    mkdirSync(join(this.canary, 'deep'), { recursive: true })
    for (const name of ['mark', 'deep/file', 'given', 'passwd']) {
      writeFileSync(join(this.canary, name), 'root:x:0:0:canary:/:\n')
    }
    // no mode may save it
    for (const name of ['.', 'deep', 'mark', 'deep/file', 'given', 'passwd']) {
      chmodSync(join(this.canary, name), 0o777)
    }
  }

  /** Everything about the canary and what is bound that a write could change. */
  fingerprint(): string[] {
    return [this.canary, this.bound, this.boundFile].flatMap((path) => fingerprint(path))
  }

  /** The same of the canary alone. */
  fingerprintOfCanary(): string[] {
    return fingerprint(this.canary)
  }

  /** A fresh root with a shape in the place of one of `hostileTargets`. */
  make(target: string, shape: HostileShape): string {
    const root = join(this.#place, `root-${this.#count++}`)
    for (const name of [
      'bin',
      'etc',
      'work',
      'tmp',
      'var',
      ...(target === '/var/run' ? [] : ['run']),
    ]) {
      mkdirSync(join(root, name), { recursive: true })
    }
    chmodSync(join(root, 'tmp'), 0o1777)
    linkSync(this.#busybox, join(root, 'bin/busybox'))
    for (const name of applets) symlinkSync('busybox', join(root, 'bin', name))
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:\ntester:x:1000:1000::/:\n')
    const at = join(root, target)
    rmSync(at, { recursive: true, force: true })
    mkdirSync(dirname(at), { recursive: true })
    shape.make(at, this.canary)
    return root
  }

  remove(): void {
    rmSync(this.#place, { recursive: true, force: true })
  }
}
