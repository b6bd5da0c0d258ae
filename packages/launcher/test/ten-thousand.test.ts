import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand } from './fake-session.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

// what each start leaks, be it a few bytes, shows after some thousands
const STARTS = Number(process.env['CAISSON_STARTS'] ?? 3000)
const AT_ONCE = 8

function childrenOf(pid: number | string): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
}

describe('the real launcher, over and over', () => {
  it(`holds after ${STARTS} starts what it held before`, async function () {
    this.timeout(180_000)
    const busybox = await findStaticBusybox()
    if (!busybox) {
      console.log('      skipped: needs a static busybox (apt-get install busybox-static)')
      return this.skip()
    }
    using root = new RealRoot(busybox)
    const earlier = new Set(childrenOf(process.pid))
    await using launcher = createLauncher()
    const plan = root.plan(await launcher.identity())
    const pid = childrenOf(process.pid).find((child) => !earlier.has(child)) ?? ''
    const start = () => launcher.run(plan, someCommand(['/bin/true'], { env: [] })).ended
    const stock = () => ({
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      children: childrenOf(pid).length,
      mounts: readFileSync(`/proc/${pid}/mountinfo`, 'utf8'),
      ours: readFileSync('/proc/self/mountinfo', 'utf8'),
    })
    const memory = () =>
      Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

    // The last process of a container may be dying still when its result is there.
    const settled = async (): Promise<void> => {
      while (childrenOf(pid).length > 0) await delay(5)
    }

    // the pools fill
    await Promise.all(Array.from({ length: AT_ONCE * 8 }, start))
    await settled()
    const [before, memoryBefore] = [stock(), memory()]
    let left = STARTS
    const worker = async (): Promise<void> => {
      while (left-- > 0) expect(await start()).to.include({ exitCode: 0 })
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    await settled()
    expect(stock()).to.deep.equal(before)
    // The address sanitizer keeps what is freed in quarantine; everything else holds there too.
    if (process.env['CAISSON_LAUNCHER'] === undefined)
      expect(memory() - memoryBefore, 'KiB').to.be.lessThan(64)
    return undefined
  })
})
