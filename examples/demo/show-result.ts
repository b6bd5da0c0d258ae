import { existsSync } from 'node:fs'
import type { Change, ExecResult, Container } from 'caisson'
import { check, lesson, note, shown } from './print.js'

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** Lesson 3: the result object, and what the container changed. */
export async function showResult(container: Container, hello: ExecResult): Promise<void> {
  lesson(3, 'What happened')
  const { exitCode, reason, usage, enforced } = hello
  const lines = [
    `exit code ${exitCode}, reason ${reason}`,
    `CPU ${usage.cpuMs.toFixed(1)} ms, wall ${usage.wallMs.toFixed(1)} ms, peak memory ${megabytes(usage.peakMemory ?? 0)}`,
    `enforced: ${enforced.join(', ')}`,
  ]
  shown('console.log(result)', lines.join('\n'))
  check('it ended by itself, with 0', exitCode === 0 && reason === 'exit')
  check(
    'the limits asked for were enforced',
    ['cpuTime', 'openFiles', 'fileSize'].every((limit) => enforced.some((key) => key === limit)),
  )
  const changes: Change[] = []
  for await (const change of container.changes()) changes.push(change)
  const text = changes
    .slice(0, 8)
    .map(({ kind, path, size }) => `${kind.padEnd(8)} ${path} ${size > 0 ? `(${size} bytes)` : ''}`)
  shown('container.changes()', text.join('\n'))
  if (changes.length > text.length) note(`and ${changes.length - text.length} more`)
  const added = changes.filter(({ kind }) => kind === 'added').map(({ path }) => path)
  check('hello.c is among them', added.includes('/tmp/hello.c'), added.join(' '))
  check(
    'the host has none of the files added',
    added.length > 0 && !added.some((path) => existsSync(path)),
    added.filter((path) => existsSync(path)).join(' '),
  )
}
