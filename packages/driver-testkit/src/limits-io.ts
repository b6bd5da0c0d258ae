import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveBlockDevice } from '@caisson/core'
import type { LimitsTest } from './limits-bench.js'
import { skipForced } from './test-api.js'

/** Somewhere on a disk. */
function onDisk(): string {
  for (const parent of [tmpdir(), '/var/tmp']) {
    try {
      resolveBlockDevice(parent, 'parent')
      return mkdtempSync(join(parent, 'caisson-kit-io-'))
    } catch {
      // a tmpfs, or not there
    }
  }
  return skipForced('neither the directory for temporary files nor /var/tmp is on a disk')
}

export const ioTests: readonly LimitsTest[] = [
  {
    number: 18,
    title: '5 MiB a second of direct writes allowed, 20 MiB wanted: 3.6 s at least',
    limits: ['io'],
    async run(bench) {
      bench.needs('io')
      const directory = onDisk()
      try {
        const script = 'dd if=/dev/zero of=/disk/file bs=1M count=20 oflag=direct 2>&1'
        const mounts = [{ kind: 'bind', from: directory, to: '/disk', readonly: false }] as const
        const limits = { io: { devices: [{ device: directory, writeBps: '5MiB' }] } } as const
        // a disk that takes no direct writes, or another user's ids on it, says nothing about a limit
        const free = await bench.run(script, {}, { mounts })
        if (!free.ok) skipForced(`direct writes to ${directory} fail: ${free.stdout}`)
        const bound = await bench.run(script, limits, { mounts })
        assert.ok(bound.ok, bound.stdout)
        const { wallMs } = bound.usage
        assert.ok(wallMs >= 3600, `${wallMs} ms`)
        // a disk that is busy with others takes as much longer without a limit, too
        const slack = Math.max(4600, 4600 + 3 * free.usage.wallMs)
        assert.ok(wallMs <= slack, `${wallMs} ms, and ${free.usage.wallMs} ms without a limit`)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    },
  },
]
