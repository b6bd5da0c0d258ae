import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of the host that goes with its scope. */
export class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'caisson-files-'))

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Everything about a tree that a write could change. */
export function fingerprint(path: string): string {
  const hash = createHash('sha256')
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted()
  for (const name of ['', ...names]) {
    const at = join(path, name)
    const { mode, mtimeMs, size, uid, gid, ino } = lstatSync(at)
    hash.update(JSON.stringify([name, mode, mtimeMs, size, uid, gid, ino]))
    if (lstatSync(at).isFile()) hash.update(readFileSync(at))
  }
  return hash.digest('hex')
}

/** A tree of the host that nothing in a container may reach. Its permissions would let everybody: no mode saves us. */
export function makeCanary(place: Place): string {
  const path = place.at('canary')
  chmodSync(place.path, 0o777)
  mkdirSync(join(path, 'deep'), { recursive: true })
  writeFileSync(join(path, 'file'), 'canary')
  writeFileSync(join(path, 'deep', 'file'), 'deep canary')
  for (const name of ['.', 'deep', 'file', 'deep/file']) chmodSync(join(path, name), 0o777)
  return path
}

const SWAP = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	(void)argc;
	puts("ready");
	fflush(stdout);
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], 2))
			return perror("renameat2"), 1;
}
`

/** Compiles a program that swaps two paths for ever; undefined where the host has no C compiler. */
export function buildSwapper(place: Place): string | undefined {
  const source = place.at('swap.c')
  writeFileSync(source, SWAP)
  const program = place.at('swap')
  const built = spawnSync('cc', ['-O2', '-o', program, source])
  return built.status === 0 ? program : undefined
}

/** The code of a failure, or `ok`. */
export async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'ok'
  } catch (error) {
    return String(error instanceof Error && 'code' in error ? error.code : error)
  }
}
