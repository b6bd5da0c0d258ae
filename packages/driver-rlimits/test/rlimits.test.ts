import { fileURLToPath } from 'node:url'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter } from '@caisson/driver-testkit'
import { rlimits } from '@caisson/driver-rlimits'

describe('rlimits', function () {
  this.timeout(60_000)
  testLimiter(
    { describe, it, before, after },
    {
      driver: rlimits,
      isolation: pivotRoot,
      module: fileURLToPath(new URL('./kit-module.js', import.meta.url)),
    },
  )
})
