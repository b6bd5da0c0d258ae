import assert from 'node:assert/strict'
import type { IsolationTest } from './isolation-bench.js'

/** Paths of a root that a caller wants no writes to. */
export const readonlyPathTests: readonly IsolationTest[] = [
  {
    title:
      'keeps the paths that are named read-only, also from its root, and the rest takes writes',
    async run(bench) {
      const attempts = [
        'echo x >> /etc/canary',
        'rm -f /etc/canary',
        'mv /etc/canary /etc/moved',
        'ln -sf /etc/group /etc/canary',
        'chmod 777 /etc/canary',
        'touch /keep/new',
        'echo x > /keep/deep/file',
        'rm -r /keep/deep',
        'mv /keep /kept',
        'umount /keep',
        'mount -o remount,rw /keep',
        'cp /bin/busybox /keep',
      ]
      const tried = attempts.map((one) => `(${one}) 2>/dev/null && echo '${one}'`).join('; ')
      // a directory above is renamed by copying: the path stays where it is
      const above = '(mv /etc /other) 2>/dev/null; cat /etc/canary; cat /keep/deep/file'
      const script = `${tried}; ${above}; echo x > /etc/free; mkdir /new; cat /etc/free`
      const readonlyPaths = ['/etc/canary', '/keep']
      const lines = await bench.lines(script, { readonlyPaths })
      assert.deepEqual(lines, ['as it was', 'kept too', 'x'])
      await using container = await bench.create({ readonlyPaths })
      if (bench.has('files')) {
        await assert.rejects(container.fs.writeFile('/keep/file', 'x'))
        assert.equal(await container.fs.readFile('/keep/file', 'utf8'), 'kept\n')
      }
    },
  },
  {
    title: 'refuses a path to be kept read-only that its root has not',
    async run(bench) {
      await assert.rejects(async () => bench.run(['true'], { readonlyPaths: ['/absent'] }), {
        code: 'ERR_ROOTFS_INVALID',
        field: 'readonlyPaths',
      })
    },
  },
  {
    title: 'lets mounts below a read-only path be what they are themselves',
    async run(bench) {
      const mounts = [{ kind: 'tmpfs', to: '/keep/deep', size: '1MiB' }] as const
      const script =
        'echo x > /keep/deep/x && cat /keep/deep/x; (echo y > /keep/y) 2>/dev/null || echo no'
      assert.deepEqual(await bench.lines(script, { mounts, readonlyPaths: ['/keep'] }), ['x', 'no'])
    },
  },
]
