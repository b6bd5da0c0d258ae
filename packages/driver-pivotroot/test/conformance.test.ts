import { pivotRoot } from '@caisson/driver-pivotroot'
import { testIsolationDriver } from '@caisson/driver-testkit'
import { after, before, describe, it } from 'mocha'

describe('pivotRoot', () => {
  testIsolationDriver({ describe, it, before, after }, { driver: () => pivotRoot() })
})

describe('pivotRoot with a single id', () => {
  testIsolationDriver(
    { describe, it, before, after },
    { driver: () => pivotRoot({ launcher: { mode: 'single' } }) },
  )
})
