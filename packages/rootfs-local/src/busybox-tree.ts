import { execFile } from 'node:child_process'
import { chmod, mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Raised when the tree changes, so that trees of another shape are not reused. */
export const TREE_VERSION = 1

const DIRECTORIES: readonly (readonly [path: string, mode: number])[] = [
  ['bin', 0o755],
  ['usr', 0o755],
  ['etc', 0o755],
  ['root', 0o700],
  ['home', 0o755],
  ['run', 0o755],
  ['var', 0o755],
  ['var/tmp', 0o1777],
  ['tmp', 0o1777],
  ['proc', 0o555],
  ['sys', 0o555],
  ['dev', 0o755],
]

const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['sbin', 'bin'],
  ['usr/bin', '../bin'],
  ['usr/sbin', '../bin'],
  ['var/run', '../run'],
]

const FILES: readonly (readonly [path: string, text: string])[] = [
  [
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  ],
  ['etc/group', 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'],
]

const APPLET = /^[A-Za-z0-9_[][A-Za-z0-9_.[+-]*$/
const run = promisify(execFile)

/** Names of the applets in a busybox at an absolute path. Runs it, without any environment. */
async function listApplets(busybox: string, signal: AbortSignal): Promise<string[]> {
  const options = { env: {}, cwd: '/', timeout: 10_000, maxBuffer: 1 << 20, signal }
  const { stdout } = await run(busybox, ['--list'], options)
  // Only plain names: what is listed becomes paths in the tree.
  return stdout.split('\n').filter((name) => APPLET.test(name) && name !== 'busybox')
}

/**
 * Fills an empty directory with a root around `binary`, until the signal is given.
 * @returns names of its applets, for which there are links now
 */
export async function buildBusyboxTree(
  directory: string,
  binary: Uint8Array,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await chmod(directory, 0o755)
  for (const [path, mode] of DIRECTORIES) {
    await mkdir(join(directory, path))
    // mkdir's mode is cut by the umask and has no sticky bit.
    await chmod(join(directory, path), mode)
  }
  for (const [path, target] of LINKS) await symlink(target, join(directory, path))
  for (const [path, text] of FILES) {
    await writeFile(join(directory, path), text, { flag: 'wx' })
    await chmod(join(directory, path), 0o644)
  }
  const busybox = join(directory, 'bin/busybox')
  const file = await open(busybox, 'wx', 0o755)
  try {
    await file.writeFile(binary)
    await file.chmod(0o755)
    // The tree is published by rename: its one large file has to be on the disk before.
    await file.sync()
  } finally {
    await file.close()
  }
  const applets = await listApplets(busybox, signal)
  for (const name of applets) {
    signal.throwIfAborted()
    await symlink('busybox', join(directory, 'bin', name))
  }
  return applets
}
