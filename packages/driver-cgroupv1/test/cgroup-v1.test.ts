import { fileURLToPath } from 'node:url'
import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter } from '@caisson/driver-testkit'

describe('cgroupV1', function () {
  this.timeout(120_000)
  testLimiter(
    { describe, it, before, after },
    {
      driver: cgroupV1,
      isolation: pivotRoot,
      module: fileURLToPath(new URL('./kit-module.js', import.meta.url)),
    },
  )
})
