import assert from 'node:assert/strict'
import type { Container, Files } from '@caisson/core'
import { rejection } from './expectations.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'
import { skip } from './test-api.js'

type AnyContainer = Awaited<ReturnType<IsolationBench['create']>>

/** The test is about containers with files. */
function needsFiles(bench: IsolationBench): void {
  if (!bench.has('files')) skip(`${bench.driver.name} has not the feature files`)
}

/** A test with the files of a new container. */
function filesTest(
  title: string,
  run: (fs: Files, container: AnyContainer) => Promise<void>,
): IsolationTest {
  return {
    title,
    async run(bench) {
      needsFiles(bench)
      await using container = await bench.create()
      await run(container.fs, container)
    },
  }
}

async function output(container: Container, script: string): Promise<string> {
  const result = await container.exec('/bin/sh', ['-c', script])
  assert.ok(result.ok, `${script}\n${result.stderr}`)
  return result.stdout
}

export const fileTests: readonly IsolationTest[] = [
  {
    title: 'gives containers files exactly if its manifest says files',
    async run(bench) {
      await using container = await bench.create()
      if (bench.has('files')) assert.ok(await container.fs.exists('/etc/canary'))
      else await rejection(() => container.fs.stat('/etc/canary'), 'ERR_UNSUPPORTED')
    },
  },
  filesTest('reads what commands wrote, and commands read what it wrote', async (fs, container) => {
    await output(container, 'printf inside > /tmp/one')
    assert.equal(await fs.readFile('/tmp/one', 'utf8'), 'inside')
    await fs.writeFile('/tmp/two', 'outside', { mode: 0o640 })
    assert.equal(
      await output(container, 'cat /tmp/two; ls -ln /tmp/two | cut -c1-10'),
      'outside-rw-r-----\n',
    )
  }),
  filesTest('leaves the root that was lent as it was', async (fs) => {
    await fs.writeFile('/etc/canary', 'changed')
    await fs.rm('/bin', { recursive: true })
    assert.equal(await fs.readFile('/etc/canary', 'utf8'), 'changed')
  }),
  filesTest('makes what belongs to root of the container', async (fs, container) => {
    await fs.mkdir('/tmp/a/b', { recursive: true })
    await fs.writeFile('/tmp/a/b/file', 'x')
    assert.equal(await output(container, 'stat -c %u:%g /tmp/a/b /tmp/a/b/file'), '0:0\n0:0\n')
  }),
  filesTest('follows links inside the root, and none out of it', async (fs, container) => {
    await output(
      container,
      'cd /tmp; ln -s /etc/canary absolute; ln -s ../../../etc/canary above; ln -s loop loop',
    )
    const canary = await fs.readFile('/etc/canary', 'utf8')
    assert.equal(await fs.readFile('/tmp/absolute', 'utf8'), canary)
    assert.equal(await fs.readFile('/tmp/above', 'utf8'), canary)
    await rejection(() => fs.readFile('/tmp/loop'), 'ERR_FILE_TYPE')
    await rejection(
      () => fs.readFile('/proc/1/root/etc/canary'),
      'ERR_FILE_TYPE',
      'ERR_FILE_ACCESS',
      'ERR_FILE_NOT_FOUND',
    )
  }),
  filesTest('does not wait for a FIFO nor touch a device', async (fs, container) => {
    await output(container, 'mkfifo /tmp/fifo')
    await rejection(() => fs.readFile('/tmp/fifo'), 'ERR_FILE_TYPE')
    await rejection(() => fs.writeFile('/tmp/fifo', 'x'), 'ERR_FILE_TYPE')
    await rejection(() => fs.readFile('/dev/zero'), 'ERR_FILE_TYPE')
  }),
  filesTest('names errors by code, errno and path', async (fs) => {
    const missing = await rejection(() => fs.readFile('/tmp/none'), 'ERR_FILE_NOT_FOUND')
    assert.deepEqual([missing.errno, missing.subject], ['ENOENT', '/tmp/none'])
    await rejection(() => fs.readFile('/tmp'), 'ERR_FILE_TYPE')
    await rejection(() => fs.mkdir('/etc'), 'ERR_FILE_EXISTS')
    await rejection(() => fs.writeFile('/etc/canary', '', { flag: 'wx' }), 'ERR_FILE_EXISTS')
    await rejection(() => fs.readFile('/etc/canary', { maxBytes: 3 }), 'ERR_FILE_LIMIT')
  }),
  filesTest(
    'works until the container is removed, also when it is stopped',
    async (fs, container) => {
      await output(container, 'echo kept > /tmp/file')
      await container.stop()
      assert.equal(await fs.readFile('/tmp/file', 'utf8'), 'kept\n')
      await fs.writeFile('/tmp/late', 'x')
      assert.deepEqual(
        (await fs.readdir('/tmp')).map(({ name }) => name),
        ['file', 'late'],
      )
      await container.remove()
      await rejection(() => fs.readFile('/tmp/file'), 'ERR_CONTAINER_STATE')
    },
  ),
]
