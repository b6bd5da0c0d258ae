// CVE-2019-5736: a container makes its first process execute /proc/self/exe and keeps a descriptor of what it finds.
import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine } from 'caisson'
import { waitUntil } from '../e2e/wait-until.js'

describe('the launcher’s program', () => {
  it('is a sealed copy: whoever holds it cannot write to it, not even when it has ended', async function () {
    // An instrumented build stays what it is, so that its reports can name lines.
    if (process.env['CAISSON_LAUNCHER'] !== undefined) this.skip()
    await using engine = await createEngine()
    await using container = await engine.create()
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
    const launcher = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1])
    // pid 1 is a copy of the launcher, and runs the same file
    const exe = `/proc/${launcher}/exe`
    const onDisk = new URL('../../../packages/launcher/build/caisson-launcher', import.meta.url)
    expect(statSync(exe).ino).to.not.equal(statSync(onDisk).ino)

    const held = openSync(exe, constants.O_RDONLY)
    process.kill(launcher, 'SIGKILL')
    let writable: number | undefined
    // ETXTBSY as long as somebody runs it
    await waitUntil(
      'nobody runs it any more',
      () => {
        try {
          writable = openSync(`/proc/self/fd/${held}`, constants.O_RDWR)
        } catch {
          writable = undefined
        }
        return writable !== undefined
      },
      5000,
    )
    if (writable === undefined) throw new Error('it was opened')
    const opened = writable
    expect(() => writeSync(opened, 'x', 0)).to.throw(/EPERM/)
    closeSync(opened)
    closeSync(held)
  })

  it('tells nothing of where it lies on the host', async function () {
    if (process.env['CAISSON_LAUNCHER'] !== undefined) this.skip()
    await using engine = await createEngine()
    const { stdout } = await engine.run(['cat', '/proc/1/cmdline', '/proc/1/comm'])
    expect(stdout).to.equal('caisson\0caisson-init\n')
  })
})
