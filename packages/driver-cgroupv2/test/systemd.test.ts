import { fileURLToPath } from 'node:url'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter } from '@caisson/driver-testkit'
import { driver } from './kit-systemd.js'
import { unified } from './unified-probe.js'

describe('cgroupV2 with a scope of systemd', function () {
  this.timeout(120_000)
  testLimiter(
    { describe, it, before, after },
    {
      driver,
      isolation: pivotRoot,
      probes: { unified },
      module: fileURLToPath(new URL('./kit-systemd.js', import.meta.url)),
    },
  )
})
