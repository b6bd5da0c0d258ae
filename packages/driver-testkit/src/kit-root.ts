import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static']

const DIRECTORIES: readonly (readonly [string, number])[] = [
  ['bin', 0o755],
  ['etc', 0o755],
  ['root', 0o700],
  ['tmp', 0o1777],
  ['proc', 0o555],
  ['sys', 0o555],
  ['dev', 0o755],
  ['keep', 0o755],
  ['keep/deep', 0o755],
]

const FILES: readonly (readonly [string, string, number])[] = [
  [
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\ntester:x:1000:1001:tester:/home/tester:/bin/sh\n',
    0o644,
  ],
  ['etc/group', 'root:x:0:\ntty:x:5:\ntesters:x:1001:\nextra:x:1002:\n', 0o644],
  ['etc/canary', 'as it was\n', 0o644],
  ['keep/file', 'kept\n', 0o644],
  ['keep/deep/file', 'kept too\n', 0o644],
  ['bin/not-executable', '#!/bin/sh\necho no\n', 0o644],
  ['bin/no-interpreter', '#!/nowhere/interpreter\n', 0o755],
]

/** A static busybox of this host. */
export function findBusybox(): string {
  const path = BUSYBOX.find((candidate) => existsSync(candidate))
  if (path !== undefined) return path
  throw new Error('the conformance kit needs a static busybox: apt-get install busybox-static')
}

/** A root on disk that the suites run in; `remove` takes it away again. */
export interface KitRoot {
  readonly path: string
  remove(): void
}

/** Makes a root of a static busybox of this host, with files to read, change and delete. */
export function makeKitRoot(): KitRoot {
  const busybox = findBusybox()
  const path = mkdtempSync(join(tmpdir(), 'caisson-kit-'))
  try {
    chmodSync(path, 0o755)
    for (const [name, mode] of DIRECTORIES) {
      mkdirSync(join(path, name))
      chmodSync(join(path, name), mode)
    }
    for (const [name, text, mode] of FILES) {
      writeFileSync(join(path, name), text)
      chmodSync(join(path, name), mode)
    }
    copyFileSync(busybox, join(path, 'bin/busybox'))
    chmodSync(join(path, 'bin/busybox'), 0o755)
    const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8', env: {} })
    for (const name of applets.split('\n')) {
      if (name !== '' && name !== 'busybox') symlinkSync('busybox', join(path, 'bin', name))
    }
  } catch (error) {
    rmSync(path, { recursive: true, force: true })
    throw error
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
