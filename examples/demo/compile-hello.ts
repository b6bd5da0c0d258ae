import type { ExecResult, Container } from 'caisson'
import { check, lesson, note, shown } from './print.js'

const source = `#include <stdio.h>

int main(void)
{
	puts("Hello, World!");
	return 0;
}
`

/** Lesson 2: write a C program into the container, compile it there, run it. Its result. */
export async function compileHello(container: Container): Promise<ExecResult> {
  lesson(2, 'hello.c')
  const written = await container.exec('sh', ['-c', 'cat > /tmp/hello.c'], { stdin: source })
  check('hello.c is in the container', written.ok, written.stderr)
  const compiled = await container.exec('cc', ['-o', '/tmp/hello', '/tmp/hello.c'], {
    timeout: '60s',
  })
  shown('cc -o hello hello.c', compiled.stdout)
  if (compiled.exitCode === 127) {
    note(
      'The host view holds no `cc`: is its compiler outside /usr and /opt? A shell script takes its place.',
    )
    await container.sh(
      String.raw`printf '#!/bin/sh\necho Hello, World!\n' > /tmp/hello; chmod +x /tmp/hello`,
    )
  } else check('it compiles', compiled.ok, compiled.stderr)
  const hello = await container.exec('/tmp/hello', [], {
    limits: { cpuTime: '2s', openFiles: 64, fileSize: '1MiB' },
    timeout: '10s',
  })
  shown('./hello', hello.stdout)
  check('it says Hello, World!', hello.stdout === 'Hello, World!\n', JSON.stringify(hello.stdout))
  return hello
}
