import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { layersRootfs } from '#examples/layers-rootfs.js'

let place: string

before(() => {
  place = mkdtempSync(join(tmpdir(), 'caisson-layers-'))
  for (const name of ['top', 'base']) mkdirSync(join(place, name))
  writeFileSync(join(place, 'file'), '')
})

after(() => {
  rmSync(place, { recursive: true })
})

describe('the driver of docs/drivers.md', () => {
  testRootfsProvider(
    { describe, it, before, after },
    {
      driver: layersRootfs,
      good: () => `${place}/top:${place}/base`,
      other: () => `${place}/base:${place}/top`,
      bad: () => [
        { title: 'relative', reference: 'top', code: 'ERR_ROOTFS_NOT_FOUND' },
        { title: 'missing', reference: `${place}/top:${place}/not`, code: 'ERR_ROOTFS_NOT_FOUND' },
        { title: 'a file', reference: `${place}/file`, code: 'ERR_ROOTFS_NOT_DIRECTORY' },
      ],
      unwritten: () => [place],
    },
  )
})
