// core_pattern is the whole machine's: what its kernel does at a crash in a container is seen in a machine of its own.
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { checkout } from '../architecture/checkout.js'
import { requireMachine } from './require-machine.js'
import { runInMachine } from './virtual-machine.js'

const crash = fileURLToPath(new URL('crash.js', import.meta.url))

const counts = (driver: string) => ({
  [`${driver} default`]: [0, 0],
  [`${driver} strict`]: [0, 0],
  [`${driver} unconfined`]: [1, 1],
  [`${driver} asked`]: [1, 1],
})

describe('a program that the kernel calls for core dumps', function () {
  this.timeout(120_000)

  before(function () {
    requireMachine(this)
  })

  it('is not called for a container, unless that was opened', async () => {
    const ran = await runInMachine([process.execPath, crash, '/mnt'], {
      cwd: checkout,
      disk: '1G',
      env: { HOME: '/tmp', TMPDIR: '/mnt' },
      timeoutMs: 110_000,
    })
    const said = `${ran.stdout.toString()}\n${ran.stderr.toString()}`
    expect(ran.code, said).to.equal(0)
    const found: unknown = JSON.parse(ran.stdout.toString())
    expect(found).to.deep.equal({ ...counts('pivotroot'), ...counts('chroot') })
  })
})
