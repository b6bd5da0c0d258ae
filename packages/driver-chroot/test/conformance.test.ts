import { chroot } from '@caisson/driver-chroot'
import { testIsolationDriver } from '@caisson/driver-testkit'
import { after, before, describe, it } from 'mocha'

describe('chroot', () => {
  testIsolationDriver({ describe, it, before, after }, { driver: () => chroot() })
})

describe('chroot with a single id', () => {
  testIsolationDriver(
    { describe, it, before, after },
    { driver: () => chroot({ launcher: { mode: 'single' } }) },
  )
})
