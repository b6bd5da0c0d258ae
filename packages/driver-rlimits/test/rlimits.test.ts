import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter } from '@caisson/driver-testkit'
import { rlimits } from '@caisson/driver-rlimits'

describe('rlimits', () => {
  testLimiter({ describe, it, before, after }, { driver: rlimits, isolation: pivotRoot })
})
