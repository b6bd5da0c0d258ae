import assert from 'node:assert/strict'
import {
  createEngine,
  type Driver,
  type Exec,
  type ExecOptions,
  type LaunchedProcess,
} from '@caisson/core'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Conversation } from './conversation.js'
import { rejection } from './expectations.js'
import { fingerprint } from './fingerprint.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'
import { makeKitRoot } from './kit-root.js'
import { kitRootfs } from './kit-rootfs.js'
import type { AnyDriver } from './manifest-tests.js'
import { skip } from './test-api.js'

const tty = { cols: 100, rows: 30 }

type Start = (script: string, options?: ExecOptions) => Exec

/** The same in a container of its own and in one that stays. */
async function inBoth(
  bench: IsolationBench,
  test: (start: Start, kind: string) => Promise<void>,
): Promise<void> {
  if (!bench.has('pty')) skip(`${bench.driver.name} does not declare pty`)
  await test(
    (script, options) => bench.engine.run(['/bin/sh', '-c', script], { tty, ...options }),
    'one-shot',
  )
  await using container = await bench.create()
  await test((script, options) => container.sh(script, { tty, ...options }), 'exec')
}

/** The same driver, with an ear at what it launches. */
function listenToProcesses(
  driver: AnyDriver<'isolation'>,
  heard: LaunchedProcess[],
): Driver<'isolation', never> {
  return Object.freeze({
    ...driver,
    limits: [],
    create(scope) {
      const made = driver.create(scope)
      return {
        plan: (request, command) => made.plan(request, command),
        create: (request) => made.create(request),
        run(request, command) {
          const process = made.run(request, command)
          heard.push(process)
          return process
        },
      }
    },
  } satisfies Driver<'isolation', never>)
}

const basics: readonly IsolationTest[] = [
  {
    title: 'gives commands a terminal exactly if its manifest says pty',
    async run(bench) {
      const heard: LaunchedProcess[] = []
      await using engine = await createEngine({
        rootfs: kitRootfs(bench.root.path),
        isolation: listenToProcesses(bench.driver, heard),
        defaults: { from: 'kit:' },
      })
      assert.ok((await engine.run(['/bin/true'])).ok)
      const has = bench.has('pty')
      assert.equal(typeof heard[0]?.resize, has ? 'function' : 'undefined')
      const exec = engine.run(['/bin/tty'], { tty })
      if (has) assert.match((await exec).stdout, /^\/dev\/pts\/\d+\r\n$/)
      else await rejection(exec, 'ERR_UNSUPPORTED')
    },
  },
  {
    title: 'makes it stdin, stdout, stderr and controlling terminal, of the size asked for',
    run: (bench) =>
      inBoth(bench, async (start, kind) => {
        const script =
          'for n in 0 1 2; do [ -t $n ] && echo $n; done; stty size; echo mine >/dev/tty; echo $TERM; echo err >&2'
        const { stdout, stderr, ok } = await start(script)
        const lines = ['0', '1', '2', '30 100', 'mine', 'xterm-256color', 'err', '']
        assert.deepEqual([ok, stdout.split('\r\n'), stderr], [true, lines, ''], kind)
      }),
  },
  {
    title: 'passes TERM as it is given',
    run: (bench) =>
      inBoth(bench, async (start) => {
        assert.equal((await start('echo $TERM', { env: { TERM: 'dumb' } })).stdout, 'dumb\r\n')
      }),
  },
  {
    title: 'gives the terminal to the user of the command',
    run: (bench) =>
      inBoth(bench, async (start, kind) => {
        const user = (await bench.idCount()) > 1 ? 'tester' : '0'
        const script =
          'id -u; stat -c %u $(tty); echo a >$(tty); echo b >/dev/tty; cat </proc/self/fd/0'
        const exec = start(script, { user, stdin: 'c\n' })
        const id = user === '0' ? '0' : '1000'
        const lines = (await exec).stdout.split('\r\n')
        // the echo of what is typed comes whenever it is typed
        assert.deepEqual(
          lines.filter((line) => line !== 'c'),
          [id, id, 'a', 'b', ''],
          kind,
        )
      }),
  },
  {
    title: 'ends its input by the end-of-file character, also after half a line, or at once',
    run: (bench) =>
      inBoth(bench, async (start, kind) => {
        for (const stdin of ['one\ntwo', 'one\n', 'ignore'] as const) {
          const { stdout, ok } = await start('stty -echo; cat; echo over', { stdin })
          const typed = stdin === 'ignore' ? '' : stdin.replaceAll('\n', '\r\n')
          assert.ok(ok && stdout.endsWith(`${typed}over\r\n`), `${kind} ${JSON.stringify(stdout)}`)
        }
      }),
  },
]

const interaction: readonly IsolationTest[] = [
  {
    title: 'tells programs of a new size by SIGWINCH',
    run: (bench) =>
      inBoth(bench, async (start) => {
        const script = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
        const talk = new Conversation(start(script))
        await talk.until('ready')
        talk.exec.resize({ cols: 132, rows: 43 })
        await talk.until('43 132')
        assert.ok((await talk.exec).ok)
      }),
  },
  {
    title: 'takes a new size before it starts, and none after its end',
    run: (bench) =>
      inBoth(bench, async (start) => {
        const exec = start('stty size')
        exec.resize({ cols: 7, rows: 5 })
        assert.equal((await exec).stdout, '5 7\r\n')
        exec.resize(tty)
      }),
  },
  {
    title: 'interrupts the foreground processes on Ctrl-C, and no others',
    run: (bench) =>
      inBoth(bench, async (start, kind) => {
        const script = `set -m
          sh -c 'trap "echo background hit" INT; echo up; while :; do sleep 0.05; done' &
          set +m
          trap 'sleep 0.3; kill -KILL %1; echo foreground hit; exit 5' INT
          echo up; while :; do sleep 0.05; done`
        const talk = new Conversation(start(script))
        await talk.until('up')
        await talk.until('up')
        talk.type('\u0003')
        const { exitCode, stdout } = await talk.exec
        assert.equal(exitCode, 5, `${kind} ${stdout}`)
        assert.ok(stdout.includes('foreground hit') && !stdout.includes('background hit'), stdout)
      }),
  },
  {
    title: 'has job control in an interactive shell',
    run: (bench) =>
      inBoth(bench, async (start) => {
        const talk = new Conversation(start('exec sh -i', { env: { PS1: 'prompt> ' } }))
        await talk.until('prompt> ')
        talk.type("sh -c 'echo on-$((2+2)); sleep 1000'\n")
        await talk.until('on-4')
        talk.type('\u001a')
        await talk.until('Stopped')
        talk.type('kill -KILL %1; wait; echo done-$((2+3))\n')
        await talk.until('done-5')
        talk.end('exit 9\nexit 9\n')
        const { exitCode, stdout } = await talk.exec
        assert.equal(exitCode, 9)
        assert.ok(!stdout.includes('job control turned off'), stdout)
      }),
  },
]

const output: readonly IsolationTest[] = [
  {
    title: 'loses nothing of what is printed to it, captured or streamed, to the last line',
    run: (bench) =>
      inBoth(bench, async (start, kind) => {
        const expected = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\r\n`).join('')
        const captured = await start('seq 1 100000')
        assert.ok(captured.stdout === expected, `${kind}: captured ${captured.stdout.length}`)
        const exec = start('seq 1 100000')
        let length = 0
        for await (const event of exec) if (event.type === 'stdout') length += event.data.length
        assert.equal(length, expected.length, `${kind}: streamed`)
      }),
  },
  {
    title: 'stalls a command that nobody reads, and lets it go on',
    async run(bench) {
      if (!bench.has('pty')) skip(`${bench.driver.name} does not declare pty`)
      await using container = await bench.create()
      const script =
        'i=0; while :; do i=$((i+1)); echo $i >/tmp/n; head -c 8192 /dev/zero | tr "\\0" x; done'
      const exec = container.sh(script, { tty })
      const { stdout } = exec
      await exec.pid
      const progress = async (): Promise<number> =>
        Number((await container.sh('cat /tmp/n; sleep 0.2')).stdout)
      let last = -1
      for (let now = 0; now !== last || now === 0; now = await progress()) last = now
      assert.ok(last * 8192 < 4 << 20, `it stopped after ${last * 8} KiB`)
      stdout.resume()
      while ((await progress()) <= last);
      await exec.kill()
      assert.equal((await exec).reason, 'killed')
    },
  },
  {
    title: 'does not wait for a process in the background that holds the terminal',
    run: (bench) =>
      inBoth(bench, async (start) => {
        const script = 'setsid sh -c "while :; do sleep 1; done" & echo last words; exit 4'
        const captured = await start(script)
        assert.deepEqual([captured.exitCode, captured.stdout], [4, 'last words\r\n'])
        const talk = new Conversation(start(script))
        await talk.until('last words')
        assert.equal((await talk.exec).exitCode, 4)
      }),
  },
  {
    title: 'opens no terminal through what an image has under its name',
    async run(bench) {
      if (!bench.has('pty')) skip(`${bench.driver.name} does not declare pty`)
      const hostile = makeKitRoot()
      try {
        const links = {
          ptmx: '/etc/canary',
          pts: '/etc',
          console: '/etc/canary',
          tty: '/etc/canary',
        }
        for (const [name, target] of Object.entries(links)) {
          symlinkSync(target, join(hostile.path, 'dev', name))
        }
        const before = fingerprint(hostile.path)
        await using engine = await createEngine({
          rootfs: kitRootfs(hostile.path),
          isolation: bench.driver,
          defaults: { from: 'kit:' },
        })
        const script = 'tty; cat /etc/canary; ls -l /etc/canary'
        const { stdout } = await engine.run(['/bin/sh', '-c', script], { tty })
        assert.match(stdout, /^\/dev\/pts\/0\r\nas it was\r\n-rw-r--r-- /)
        assert.deepEqual(fingerprint(hostile.path), before)
      } finally {
        hostile.remove()
      }
    },
  },
]

export const terminalTests: readonly IsolationTest[] = [...basics, ...interaction, ...output]
