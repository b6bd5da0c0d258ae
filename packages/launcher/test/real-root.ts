import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LauncherIdentity, LaunchPlan } from '@caisson/core'

interface ElfModule {
  inspectElf(path: string): { readonly interpreter: boolean }
}

/** Path of a static busybox of this host; undefined when there is none. */
export async function findStaticBusybox(): Promise<string | undefined> {
  const script = fileURLToPath(new URL('../scripts/elf.mjs', import.meta.url))
  // A plain script without types of its own.
  const elf = (await import(script)) as ElfModule
  return ['/bin/busybox', '/usr/bin/busybox'].find(
    (path) => existsSync(path) && !elf.inspectElf(path).interpreter,
  )
}

/** A directory that can serve as a root: a static busybox, two applets and mount points. */
export class RealRoot implements Disposable {
  readonly path: string

  constructor(busybox: string) {
    this.path = mkdtempSync(join(tmpdir(), 'caisson-root-'))
    chmodSync(this.path, 0o755)
    for (const name of ['bin', 'proc', 'dev', 'tmp']) mkdirSync(join(this.path, name))
    copyFileSync(busybox, join(this.path, 'bin/busybox'))
    for (const name of ['sh', 'cat', 'sleep', 'yes', 'echo', 'true'])
      symlinkSync('busybox', join(this.path, 'bin', name))
    mkdirSync(join(this.path, 'bin/directory'))
  }

  /** The least that isolates: a copy-on-write root, /proc, own namespaces. */
  plan(identity: LauncherIdentity): LaunchPlan {
    const nosuid = 2
    const readonlyBind = 1 | nosuid
    const options = identity.mode === 'root' ? [] : ['userxattr']
    const { rootUid: uid, rootGid: gid } = identity
    const idmap = identity.mode === 'root' ? 1 : 0
    const kernel = { recursive: 0, attrs: readonlyBind, idmap }
    return {
      template: Object.freeze([{ op: 'bind', source: this.path, at: 'l/0.0', ...kernel } as const]),
      container: Object.freeze([
        { op: 'namespaces', flags: 0x2e000000, network: 1, user: 1 } as const,
        { op: 'upper', bytes: 1n << 24n, inodes: 1000n, uid, gid } as const,
        { op: 'overlay', at: '/', index: 0, lowers: ['l/0.0'], options, attrs: nosuid } as const,
        { op: 'proc', at: '/proc', options: [], attrs: 14 } as const,
        { op: 'pivot' } as const,
      ]),
      process: Object.freeze([
        { op: 'session' } as const,
        { op: 'user', user: '0', groups: [], setgroups: identity.setgroups ? 1 : 0 } as const,
        { op: 'noNewPrivileges' } as const,
        { op: 'cwd', path: '/' } as const,
      ]),
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
