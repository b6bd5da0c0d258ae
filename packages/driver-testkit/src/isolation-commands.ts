import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { rejection } from './expectations.js'
import type { IsolationTest } from './isolation-bench.js'

const MIB = 1 << 20

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes of a result that was asked for as bytes. */
function bytesOf(output: unknown): Buffer {
  assert.ok(output instanceof Uint8Array, 'encoding buffer gives bytes')
  return Buffer.from(output)
}

/** Output, exit codes and signals. */
const outcome: readonly IsolationTest[] = [
  {
    title: 'captures stdout and stderr apart, byte for byte',
    async run(bench) {
      const script = String.raw`printf 'a\000\377\r\nb'; printf '\376err' >&2`
      const result = await bench.run(['/bin/sh', '-c', script], { encoding: 'buffer' })
      assert.deepEqual(bytesOf(result.stdout), Buffer.from('a\0\xff\r\nb', 'latin1'))
      assert.deepEqual(bytesOf(result.stderr), Buffer.from('\xfeerr', 'latin1'))
    },
  },
  {
    title: 'returns a mebibyte on both streams at once, complete',
    async run(bench) {
      const script = `head -c ${MIB} /dev/zero & head -c ${MIB} /dev/zero | tr '\\0' x >&2; wait`
      const result = await bench.run(['/bin/sh', '-c', script], { encoding: 'buffer' })
      assert.equal(sha256(bytesOf(result.stdout)), sha256(Buffer.alloc(MIB)))
      assert.equal(sha256(bytesOf(result.stderr)), sha256(Buffer.alloc(MIB, 'x')))
    },
  },
  {
    title: 'reports exit codes',
    async run(bench) {
      for (const code of [0, 1, 42, 255]) {
        const result = await bench.run(['/bin/sh', '-c', `exit ${code}`])
        const { exitCode, signal, reason, ok } = result
        const expected = { exitCode: code, signal: null, reason: 'exit', ok: code === 0 }
        assert.deepEqual({ exitCode, signal, reason, ok }, expected)
      }
    },
  },
  {
    title: 'reports the signal that ended a command, not 128 and its number',
    async run(bench) {
      for (const name of ['SIGTERM', 'SIGKILL', 'SIGSEGV'] as const) {
        const script = `kill -${name.slice(3)} $$`
        const { exitCode, signal, reason } = await bench.run(['/bin/sh', '-c', script])
        assert.deepEqual(
          { exitCode, signal, reason },
          { exitCode: null, signal: name, reason: 'signal' },
        )
      }
    },
  },
  {
    title: 'measures what a command used',
    async run(bench) {
      const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'
      const { usage } = await bench.run(['/bin/sh', '-c', script])
      assert.ok(usage.cpuMs > 0 && usage.wallMs > 0, JSON.stringify(usage))
      assert.ok(Math.abs(usage.cpuMs - usage.userMs - usage.systemMs) < 1, JSON.stringify(usage))
    },
  },
  {
    title: 'gives 127 for a command that is not there and 126 for one that cannot be executed',
    async run(bench) {
      const cases = [
        ['/bin/nowhere', 127, 'ERR_COMMAND_NOT_FOUND'],
        ['nowhere', 127, 'ERR_COMMAND_NOT_FOUND'],
        ['/bin/no-interpreter', 127, 'ERR_COMMAND_NOT_FOUND'],
        ['/bin/not-executable', 126, 'ERR_COMMAND_NOT_EXECUTABLE'],
        ['/etc', 126, 'ERR_COMMAND_NOT_EXECUTABLE'],
      ] as const
      for (const [command, exitCode, code] of cases) {
        const result = await bench.run([command])
        const found = { exitCode: result.exitCode, code: result.error?.code, reason: result.reason }
        assert.deepEqual(found, { exitCode, code, reason: 'exit' }, command)
        assert.ok(result.stderr.includes(command), 'stderr names it')
      }
    },
  },
]

/** What a command is started with. */
const start: readonly IsolationTest[] = [
  {
    title: 'passes argv exactly',
    async run(bench) {
      const args = ['', ' ', 'two words', '"\'`$(id)', '-n', '*', 'line\nbreak', 'ünï → 漢', '\\0']
      // Not the last command: a shell would become it.
      const script = 'cat /proc/$$/cmdline; exit 0'
      const { stdout } = await bench.run(['/bin/sh', '-c', script, 'name', ...args])
      const expected = ['/bin/sh', '-c', script, 'name', ...args]
      assert.deepEqual(stdout.split('\0').slice(0, -1), expected)
    },
  },
  {
    title: 'passes the environment given, PATH and HOME, and nothing of this process',
    async run(bench) {
      process.env['CAISSON_KIT_CANARY'] = 'host'
      try {
        const env = { A: '1', EMPTY: '', ODD: 'a=b c\n"é' }
        const { stdout } = await bench.run(['/bin/cat', '/proc/self/environ'], { env })
        const pairs = stdout
          .split('\0')
          .slice(0, -1)
          .map((text): [string, string] => {
            const at = text.indexOf('=')
            return [text.slice(0, at), text.slice(at + 1)]
          })
        const { PATH, HOME, ...rest } = Object.fromEntries(pairs)
        assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'no name twice')
        assert.deepEqual(rest, env)
        assert.ok(PATH?.split(':').includes('/bin'))
        assert.equal(HOME, '/root')
      } finally {
        delete process.env['CAISSON_KIT_CANARY']
      }
    },
  },
  {
    title:
      'starts in the working directory asked for, / by default, and refuses one that is not there',
    async run(bench) {
      assert.equal(await bench.line('/bin/pwd'), '/')
      assert.equal(await bench.line('/bin/pwd', { cwd: '/keep/deep' }), '/keep/deep')
      await rejection(bench.run(['/bin/true'], { cwd: '/nowhere' }), 'ERR_CWD')
      await rejection(bench.run(['/bin/true'], { cwd: '/etc/passwd' }), 'ERR_CWD')
    },
  },
  {
    title: 'runs as the user and groups asked for, 0 by default',
    async run(bench) {
      const show = 'echo $(id -u):$(id -g):$(id -G)'
      assert.match(await bench.line(show), /^0:0:/)
      if ((await bench.idCount()) === 1) {
        const codes = ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'] as const
        await rejection(bench.run(['/bin/true'], { user: '1000:1001' }), ...codes)
        return
      }
      assert.equal(await bench.line(show, { user: '1000:1001' }), '1000:1001:1001')
      assert.equal(await bench.line(show, { user: 'tester' }), '1000:1001:1001')
      const groups = ['extra', 5]
      const line = await bench.line(show, { user: 'tester', groups })
      assert.deepEqual(line.split(':')[2]?.split(' ').toSorted(), ['1001', '1002', '5'])
    },
  },
  {
    title: 'refuses a user that the container does not know',
    async run(bench) {
      const error = await rejection(
        bench.run(['/bin/true'], { user: 'nobody-here' }),
        'ERR_USER_NOT_FOUND',
      )
      assert.ok(error.message.includes('nobody-here'), error.message)
    },
  },
]

/** What a command reads. */
const input: readonly IsolationTest[] = [
  {
    title: 'gives no input by default: end of file at once',
    async run(bench) {
      assert.equal(await bench.line('cat | wc -c'), '0')
    },
  },
  {
    title: 'passes bytes, few and many, exactly',
    async run(bench) {
      for (const size of [0, 1, 65_536, 65_537, MIB]) {
        const stdin = randomBytes(size)
        const result = await bench.run(['/bin/cat'], { stdin, encoding: 'buffer' })
        assert.equal(sha256(bytesOf(result.stdout)), sha256(stdin), `${size} bytes`)
      }
    },
  },
  {
    title: 'passes a stream, and its end',
    async run(bench) {
      const chunks = Array.from({ length: 40 }, () => randomBytes(10_000))
      const stdin = Readable.from(chunks)
      const result = await bench.run(['/bin/cat'], { stdin, encoding: 'buffer' })
      assert.equal(sha256(bytesOf(result.stdout)), sha256(Buffer.concat(chunks)))
    },
  },
  {
    title: 'lets a command leave its input unread',
    async run(bench) {
      const result = await bench.run(['/bin/true'], { stdin: randomBytes(MIB) })
      assert.ok(result.ok)
    },
  },
  {
    title: 'streams output while the command still waits for input',
    async run(bench) {
      const exec = bench.start(['/bin/sh', '-c', 'echo ready; cat'], { stdin: 'pipe' })
      let seen = ''
      for await (const event of exec) {
        if (event.type !== 'stdout') continue
        seen += Buffer.from(event.data).toString()
        if (seen === 'ready\n') exec.stdin.end('more\n')
      }
      assert.equal(seen, 'ready\nmore\n')
      assert.equal((await exec).stdout, 'ready\nmore\n')
    },
  },
]

export const commandTests: readonly IsolationTest[] = [...outcome, ...start, ...input]
