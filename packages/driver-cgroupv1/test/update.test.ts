import { createEngine, type Limits } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { busyboxRootfs } from '@caisson/rootfs-local'
import { expect } from 'chai'

const open = () =>
  createEngine({ rootfs: busyboxRootfs(), isolation: pivotRoot(), limiters: [cgroupV1()] })

describe('cgroupV1 of a container that runs', function () {
  this.timeout(60_000)

  before(async function () {
    await using scope = Scope.root()
    const { missing } = await cgroupV1().probe(scope)
    if (missing.length === 0) return
    console.log(`skipped: ${missing.map(({ what }) => what).join('; ')}`)
    this.skip()
  })

  it('takes any limit later that none was asked of at its start', async () => {
    await using engine = await open()
    await using container = await engine.create()
    const all: readonly Limits[] = [
      { memory: '64MiB' },
      { pids: 20 },
      { cpu: { max: 0.5, weight: 50 } },
      { cpu: { set: '0' } },
      { io: { devices: [{ device: '/var/tmp', readBps: '1GiB' }] } },
    ]
    for (const limits of all) {
      const { effective } = await container.update(limits)
      expect(effective).to.include.keys(Object.keys(limits))
    }
    const result = await container.sh('nproc; cat /proc/self/status | grep Cpus_allowed_list')
    expect(result.stdout).to.match(/^1\nCpus_allowed_list:\t0\n$/)
    const last = await container.sh('true')
    expect(last.effective).to.deep.include({
      memory: { max: 64 << 20, swap: 0 },
      pids: 20,
      cpu: { quotaUs: 50_000, periodUs: 100_000, weight: 50, set: '0' },
    })
  })

  it('keeps the container when one of many changes at once is refused', async () => {
    await using engine = await open()
    await using container = await engine.create({ limits: { memory: '64MiB' } })
    const changes = Array.from({ length: 40 }, (_, n) =>
      container.update(n % 4 === 0 ? { cpu: { set: '4000' } } : { memory: `${16 + n}MiB` }),
    )
    const settled = await Promise.allSettled(changes)
    expect(settled.filter(({ status }) => status === 'rejected')).to.have.length(10)
    const { effective } = await container.update({ memory: '32MiB' })
    expect(effective.memory).to.deep.equal({ max: 32 << 20, swap: 0 })
    const result = await container.sh('exec dd if=/dev/zero of=/dev/null bs=100M count=1')
    expect(result.reason).to.equal('oom')
  })
})
