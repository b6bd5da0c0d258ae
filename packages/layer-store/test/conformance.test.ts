import { testSnapshotStore } from '@caisson/driver-testkit'
import { fileURLToPath } from 'node:url'
import { openLayerStore } from '../dist/index.js'
import { forKit, open } from './open-for-kit.js'

const module = fileURLToPath(new URL('open-for-kit.js', import.meta.url))

const bare = async (directory: string) =>
  forKit(await openLayerStore({ directory, sync: false }), async () => {})

describe('the layer store', function () {
  this.timeout(120_000)
  testSnapshotStore({ describe, it, before, after }, { open, module })
})

describe('the layer store, without a launcher', function () {
  this.timeout(120_000)
  testSnapshotStore({ describe, it, before, after }, { open: bare, module })
})
