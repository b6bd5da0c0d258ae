import { fileURLToPath } from 'node:url'
import { cgroupV2 } from '@caisson/driver-cgroupv2'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testLimiter } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { driver } from './kit-module.js'
import { unified } from './unified-probe.js'

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

  it('refuses options of wrong types, and those that exclude each other, by field', () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ root: 'relative' }, 'root'],
      [{ root: 7 }, 'root'],
      [{ adoptOwnCgroup: 'yes' }, 'adoptOwnCgroup'],
      [{ systemd: 1 }, 'systemd'],
      [{ systemd: true, root: '/sys/fs/cgroup/mine' }, 'systemd'],
    ]
    for (const [options, field] of wrong) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types refuse it, as they should
      const make = (): unknown => cgroupV2(options as never)
      expect(make).to.throw().that.includes({ field })
    }
  })
})
