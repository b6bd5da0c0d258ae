import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PresetEngine } from 'caisson'
import { check, lesson, note, shown } from './print.js'
import { makeSmallRoot } from './small-root.js'

/** Lesson 4: delete a key file; the next container from the same root has it again. */
export async function deleteShell(engine: PresetEngine, root: string): Promise<void> {
  lesson(4, 'rm /bin/sh')
  let from = root
  if (root === 'host:' && process.getuid?.() !== 0) {
    from = `dir:${makeSmallRoot(fileURLToPath(new URL('../../../.caisson/demo-root', import.meta.url)))}`
    note(
      "The host's /bin belongs to root, whom an ordinary user's container cannot be. So: a root of one's own,",
    )
    note(from)
  }
  await using container = await engine.create({ from })
  const removed = await container.exec('rm', ['/bin/sh'])
  shown('rm /bin/sh', removed.stderr)
  check('the container may', removed.ok, removed.stderr)
  const after = await container.exec('sh', ['-c', 'echo still here'])
  shown('sh -c "echo still here"', after.stderr)
  check('it has no shell any more: exit code 127', after.exitCode === 127, String(after.exitCode))
  const next = await engine.run(['sh', '-c', 'echo as new'], { from })
  check('the next container from the same root has one', next.stdout === 'as new\n', next.stderr)
  check('the host has its own', existsSync('/bin/sh'))
}
