import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readHierarchies, removeGroups, trackGroup, writeKernelFile } from '@caisson/cgroup-kit'

/** Own group's directories in which groups can be made here, by kind. */
export function writableTrees(): ReadonlyMap<'cgroup2' | 'freezer' | 'pids', string> {
  const trees = new Map<'cgroup2' | 'freezer' | 'pids', string>()
  for (const { version, controllers, own } of readHierarchies()) {
    const kind =
      version === 2
        ? 'cgroup2'
        : (['freezer', 'pids'] as const).find((it) => controllers.includes(it))
    if (kind === undefined) continue
    try {
      accessSync(own, constants.W_OK)
      trees.set(kind, own)
    } catch {
      // not ours to make groups in
    }
  }
  return trees
}

let count = 0

/** A group of this test, removed with what is in it. */
export class TestGroup implements AsyncDisposable {
  readonly directory: string
  readonly children: ChildProcess[] = []

  constructor(tree: string, name = `caisson-test-${process.pid}-${count++}`) {
    this.directory = join(tree, name)
    mkdirSync(this.directory)
  }

  /** A shell in it. */
  async run(script: string): Promise<ChildProcess> {
    const child = spawn('/bin/sh', ['-c', `read go; ${script}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.children.push(child)
    writeKernelFile(join(this.directory, 'cgroup.procs'), String(child.pid))
    child.stdin?.end('go\n')
    await once(child.stdout ?? child, 'data')
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const tracker = trackGroup(this.directory)
    await tracker.kill()
    await tracker.waitEmpty(5000)
    if (!(await removeGroups(this.directory, 5000))) throw new Error(`${this.directory} is left`)
  }
}
