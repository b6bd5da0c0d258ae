import { fileURLToPath } from 'node:url'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter, type LimitProbe } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { driver } from './kit-module.js'

const COUNT = 'n=0; while [ $n -lt 40 ]; do (sleep 5 & echo x) 2>/dev/null || break; n=$((n+1)); done | wc -l'

const unified: LimitProbe = {
  limits: { unified: { 'pids.max': '10' } },
  script: COUNT,
  free: ({ stdout }) => expect(Number(stdout)).to.equal(40),
  bound: ({ stdout }) => expect(Number(stdout)).to.be.lessThan(10),
}

describe('cgroupV2', function () {
  this.timeout(120_000)
  testLimiter(
    { describe, it, before, after },
    {
      driver,
      isolation: pivotRoot,
      probes: { unified },
      module: fileURLToPath(new URL('./kit-module.js', import.meta.url)),
    },
  )
})
